package io.github.adiw.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.DeviceMatrix;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A device belongs to one thread at a time. */
class OwnershipTest {
    private final Device device = DeviceMatrix.open();
    private final ExecutorService other = Executors.newSingleThreadExecutor(run -> new Thread(run, "other"));

    @AfterEach
    void close() throws InterruptedException {
        other.shutdown();
        assertThat(other.awaitTermination(1, TimeUnit.MINUTES)).isTrue();
        device.close();
    }

    private void inOther(Runnable work) throws Exception {
        other.submit(work).get(1, TimeUnit.MINUTES);
    }

    @Test
    void everyUseByAnotherThreadIsRefused() throws Exception {
        Buffer x = device.floats(1, 2);
        Graph graph = device.record(() -> device.zero(x));
        List<Runnable> uses = List.of(() -> device.allocate(ElementType.INT32, 1), () -> device.zero(x), () -> device.copy(x, x),
            () -> device.launch("fill", Launch.elements(2), x, 1f, 2), () -> device.record(() -> {}), graph::replay, graph::close,
            x::toFloats, () -> x.upload(new float[2]), x::close, device::synchronize, device::handOver, device::close,
            () -> device.wrap(ElementType.FLOAT32, x.address(), 1));
        inOther(() -> {
            for (Runnable use : uses) {
                assertThatThrownBy(use::run).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("belongs to the thread " + mainThread()).hasMessageContaining("the thread other")
                    .hasMessageContaining("handOver()");
            }
        });
        assertThat(x.toFloats()).as("nothing was done").containsExactly(1, 2);
        graph.replay();
        assertThat(x.toFloats()).containsExactly(0, 0);
    }

    private final Thread main = Thread.currentThread();

    private String mainThread() {
        return main.getName();
    }

    /** Found as a hang in one of three runs. */
    @Test
    void fourThreadsOnOneDevice() throws Exception {
        Buffer x = device.floats(new float[10_000]);
        Graph graph = device.record(() -> device.launch("fill", Launch.elements(10_000), x, 3f, 10_000));
        ExecutorService four = Executors.newFixedThreadPool(4);
        List<Future<Integer>> refusals = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            refusals.add(four.submit(() -> {
                int refused = 0;
                for (int i = 0; i < 1000; i++) {
                    try {
                        graph.replay();
                    } catch (IllegalStateException e) {
                        refused++;
                    }
                }
                return refused;
            }));
        }
        for (Future<Integer> refused : refusals) {
            assertThat(refused.get(1, TimeUnit.MINUTES)).isEqualTo(1000);
        }
        four.shutdown();
        graph.replay();
        assertThat(x.toFloats()).containsOnly(3);
    }

    @Test
    void isHandedOver() throws Exception {
        Buffer x = device.floats(1, 2);
        device.handOver();
        inOther(() -> {
            device.launch("fill", Launch.elements(2), x, 5f, 2);
            assertThat(x.toFloats()).containsExactly(5, 5);
        });
        assertThatThrownBy(x::toFloats).isInstanceOf(IllegalStateException.class).hasMessageContaining("belongs to the thread other");
        inOther(device::handOver);
        assertThat(x.toFloats()).containsExactly(5, 5);
    }

    @Test
    void goesFromAThreadThatHasEnded() throws InterruptedException {
        Buffer[] made = new Buffer[1];
        Thread thread = new Thread(() -> made[0] = device.floats(4, 5));
        thread.start();
        thread.join();
        assertThat(made[0].toFloats()).containsExactly(4, 5);
    }

    @Test
    void isNotHandedOverWhileItRecords() {
        assertThatThrownBy(() -> device.record(device::handOver)).isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("recorded");
    }

    @Test
    void aClosedDeviceBelongsToNobody() throws Exception {
        Buffer x = device.floats(1);
        device.close();
        inOther(() -> {
            assertThatThrownBy(x::toFloats).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
            x.close();
            device.close();
        });
        assertThatThrownBy(x::address).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
    }
}
