package io.github.adiw.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.AdiwException;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The contract of {@link Device}, {@link Buffer} and {@link Graph}, on the device under test. */
class DeviceTest {
    private Device device;

    @BeforeEach
    void open() {
        device = DeviceMatrix.open();
    }

    @AfterEach
    void close() {
        device.close();
    }

    @Test
    void launchesOverAnyNumberOfElements() {
        for (int n : new int[] {0, 1, 31, 32, 255, 257, 5000, 100_001}) {
            Buffer x = device.floats(new float[n + 3]);
            device.launch("fill", Launch.elements(n), x, 3.5f, n);
            float[] result = x.toFloats();
            for (int i = 0; i < n; i++) {
                assertThat(result[i]).isEqualTo(3.5f);
            }
            assertThat(result[n]).as("the element behind the last of " + n).isZero();
            x.close();
        }
    }

    @Test
    void copiesEveryElementType() {
        int[] ints = {1, -2, 3};
        long[] longs = {1L << 40, -5};
        double[] doubles = {Math.PI, -1e300};
        byte[] bytes = {1, -1, 127, 0, 5};
        int[] intsBack = new int[3];
        long[] longsBack = new long[2];
        double[] doublesBack = new double[2];
        byte[] bytesBack = new byte[5];
        Buffer i = device.ints(ints);
        Buffer l = device.allocate(ElementType.INT64, 2);
        Buffer d = device.allocate(ElementType.FLOAT64, 2);
        Buffer b = device.allocate(ElementType.UINT8, 5);
        l.upload(longs);
        d.upload(doubles);
        b.upload(bytes);
        i.download(intsBack);
        l.download(longsBack);
        d.download(doublesBack);
        b.download(bytesBack);
        assertThat(intsBack).isEqualTo(ints);
        assertThat(longsBack).isEqualTo(longs);
        assertThat(doublesBack).isEqualTo(doubles);
        assertThat(bytesBack).isEqualTo(bytes);
    }

    @Test
    void copiesDirectBuffers() {
        ByteBuffer source = ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder());
        source.putFloat(1).putFloat(2).putFloat(3).putFloat(4).position(4);
        Buffer x = device.allocate(ElementType.FLOAT32, 3);
        x.upload(source);
        assertThat(x.toFloats()).containsExactly(2, 3, 4);
        ByteBuffer target = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
        x.slice(1, 2).download(target);
        assertThat(target.getFloat(0)).isEqualTo(3);
        assertThat(target.getFloat(4)).isEqualTo(4);
        assertThatThrownBy(() -> x.upload(ByteBuffer.allocate(4))).hasMessageContaining("direct");
        assertThatThrownBy(() -> x.upload(ByteBuffer.allocateDirect(7).order(ByteOrder.nativeOrder())))
            .hasMessageContaining("whole number");
    }

    @Test
    void slicesShareMemory() {
        Buffer x = device.floats(1, 2, 3, 4, 5);
        Buffer middle = x.slice(1, 3);
        device.launch("fill", Launch.elements(2), middle.slice(1, 2), 9f, 2);
        assertThat(x.toFloats()).containsExactly(1, 2, 9, 9, 5);
        assertThatThrownBy(() -> x.slice(3, 3)).isInstanceOf(IndexOutOfBoundsException.class);
        x.close();
        assertThatThrownBy(middle::toFloats).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
    }

    @Test
    void wrapsMemoryOfSomebodyElse() {
        Buffer owner = device.floats(1, 2, 3);
        Buffer wrapped = device.wrap(ElementType.FLOAT32, owner.address() + 4, 2);
        device.launch("fill", Launch.elements(2), wrapped, 7f, 2);
        wrapped.close();
        assertThat(owner.toFloats()).containsExactly(1, 7, 7);
        assertThatThrownBy(() -> device.wrap(ElementType.FLOAT32, 0, 1)).hasMessageContaining("not 0");
    }

    @Test
    void copiesAndZeroesOnTheDevice() {
        Buffer x = device.floats(1, 2, 3);
        Buffer y = device.floats(9, 9, 9, 9);
        device.copy(x, y);
        device.zero(x.slice(1, 1));
        assertThat(y.toFloats()).containsExactly(1, 2, 3, 9);
        assertThat(x.toFloats()).containsExactly(1, 0, 3);
        assertThatThrownBy(() -> device.copy(y, x)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void replaysWhatWasRecorded() {
        Buffer step = device.allocate(ElementType.INT64, 1);
        Buffer x = device.floats(new float[10]);
        Buffer rows = device.floats(new float[30]);
        step.upload(new long[] {0});
        Graph graph = device.record(() -> {
            device.launch("fill", Launch.elements(10), x, 4f, 10);
            device.launch("store_row", Launch.elements(10), x, rows, step, 10);
            device.zero(x);
            device.launch("advance", Launch.block(), step);
        });
        assertThat(rows.toFloats()).as("recording does not run").containsOnly(0);
        assertThat(graph.nodes()).as("three launches, and what fills with zeros").isEqualTo(4);
        graph.replay();
        graph.replay();
        long[] steps = new long[1];
        step.download(steps);
        assertThat(steps[0]).isEqualTo(2);
        assertThat(x.toFloats()).containsOnly(0);
        float[] stored = rows.toFloats();
        assertThat(stored[0]).isEqualTo(4);
        assertThat(stored[19]).isEqualTo(4);
        assertThat(stored[20]).isZero();
        graph.close();
        graph.close();
        assertThatThrownBy(graph::replay).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void nothingIsEnqueuedForBuffersOfNothing() {
        Buffer none = device.floats(new float[0]);
        Buffer x = device.floats(1, 2);
        Graph graph = device.record(() -> {
            device.zero(none);
            device.copy(none, x);
            device.launch("fill", Launch.elements(0), none, 5f, 0);
            device.zero(x);
        });
        assertThat(graph.nodes()).isEqualTo(1);
        graph.replay();
        assertThat(x.toFloats()).containsExactly(0, 0);
        assertThat(none.toFloats()).isEmpty();
    }

    @Test
    void aGraphSaysWhichOfItsBuffersIsClosed() {
        Buffer x = device.floats(1, 2, 3);
        Buffer y = device.floats(4, 5, 6);
        Buffer z = device.ints(7);
        Buffer part = x.slice(1, 2);
        Graph fill = device.record(() -> device.launch("fill", Launch.elements(2), part, 5f, 2));
        Graph copy = device.record(() -> device.copy(y, x));
        Graph zero = device.record(() -> device.zero(z));
        part.close();
        fill.replay();
        assertThat(x.toFloats()).as("a slice owns nothing").containsExactly(1, 5, 5);
        x.close();
        y.close();
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(fill::replay).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("a buffer that has been closed (FLOAT32 [3], argument 1 of fill)");
            assertThatThrownBy(copy::replay).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("(FLOAT32 [3], the target of a copy)");
        }
        zero.replay();
        assertThat(z.toInts()).containsExactly(0);
        z.close();
        assertThatThrownBy(zero::replay).isInstanceOf(IllegalStateException.class).hasMessageContaining("(INT32 [1], zeroed)");
        fill.close();
        assertThatThrownBy(fill::replay).hasMessageContaining("the graph is closed");
    }

    /** Every part of an estimator or a model is such a buffer: they are closed with it. */
    @Test
    void aGraphMayEndBeforeItsBuffers() {
        Buffer x = device.floats(1);
        for (int i = 0; i < 3; i++) {
            try (Graph graph = device.record(() -> device.launch("fill", Launch.elements(1), x, 5f, 1))) {
                graph.replay();
            }
        }
        x.close();
        assertThat(device.holdings()).isZero();
    }

    @Test
    void aFailedRecordingLeavesTheDeviceUsable() {
        Buffer x = device.floats(1);
        assertThatThrownBy(() -> device.record(() -> x.upload(new float[] {2}))).hasMessageContaining("recorded");
        assertThatThrownBy(() -> device.record(() -> device.record(() -> {}))).hasMessageContaining("already");
        assertThatThrownBy(() -> device.record(() -> device.floats(1))).isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("before");
        device.launch("fill", Launch.elements(1), x, 5f, 1);
        assertThat(x.toFloats()).containsExactly(5);
    }

    @Test
    void recordingRefusesWhatAGraphCannotHold() {
        Buffer x = device.floats(1);
        Graph graph = device.record(() -> device.launch("fill", Launch.elements(1), x, 5f, 1));
        for (Runnable inside : new Runnable[] {graph::replay, graph::close, device::synchronize, x::close, device::close}) {
            assertThatThrownBy(() -> device.record(inside)).isInstanceOf(IllegalStateException.class).hasMessageContaining("recorded");
        }
        graph.replay();
        assertThat(x.toFloats()).containsExactly(5);
    }

    @Test
    void aGraphEndsWithItsDevice() {
        Buffer x = device.floats(1);
        Graph graph = device.record(() -> device.launch("fill", Launch.elements(1), x, 5f, 1));
        device.close();
        assertThatThrownBy(graph::replay).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
        graph.close();
    }

    @Test
    void refusesToReadWhatTheSameLaunchWrites() {
        Buffer x = device.floats(1, -2, 3, -4, 5, -6);
        Buffer y = device.floats(0, 0, 0);
        assertThatThrownBy(() -> device.launch("relu_forward", Launch.elements(6), x, x, 6)).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("arguments 1 and 2 of relu_forward overlap");
        assertThatThrownBy(() -> device.launch("relu_forward", Launch.elements(3), x.slice(0, 3), x.slice(2, 3), 3))
            .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("overlap");
        device.launch("relu_forward", Launch.elements(3), x.slice(0, 3), x.slice(3, 3), 3);
        assertThat(x.toFloats()).containsExactly(1, -2, 3, 1, 0, 3);
        device.launch("add", Launch.elements(3), x.slice(0, 3), x.slice(0, 3), y, 3);
        assertThat(y.toFloats()).as("twice read").containsExactly(2, -4, 6);
    }

    @Test
    void refusesBuffersOfAnotherDeviceAndRangesOutside() {
        Buffer x = device.floats(1, 2);
        try (Device other = Devices.open("host", 1)) {
            Buffer foreign = other.floats(1);
            assertThatThrownBy(() -> device.zero(foreign)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> device.copy(foreign, x)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> x.slice(1, Long.MAX_VALUE)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> x.download(ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder()).asReadOnlyBuffer()
            .order(ByteOrder.nativeOrder()))).hasMessageContaining("read-only");
        assertThatThrownBy(() -> x.upload(ByteBuffer.allocateDirect(8).order(ByteOrder.BIG_ENDIAN)))
            .hasMessageContaining("native byte order");
    }

    @Test
    void refusesArgumentsThatDoNotFitTheDeclaration() {
        Buffer x = device.floats(1);
        assertThatThrownBy(() -> device.launch("fil", Launch.elements(1), x)).hasMessageContaining("no kernel called fil");
        assertThatThrownBy(() -> device.launch("fill", Launch.elements(1), x, 1f)).hasMessageContaining("3 arguments (PFI), not 2");
        assertThatThrownBy(() -> device.launch("fill", Launch.elements(1), x, 1, 1))
            .hasMessageContaining("argument 2 of fill is of type F");
        assertThatThrownBy(() -> device.launch("fill", Launch.tiles(1, 1, 1), x, 1f, 1)).hasMessageContaining("over elements");
        try (Device other = Devices.open("host", 1)) {
            Buffer foreign = other.floats(1);
            assertThatThrownBy(() -> device.launch("fill", Launch.elements(1), foreign, 1f, 1)).hasMessageContaining("lies on host");
        }
    }

    @Test
    void refusesArraysThatDoNotFit() {
        Buffer x = device.floats(1, 2);
        assertThatThrownBy(() -> x.upload(new int[] {1})).hasMessageContaining("holds FLOAT32, the array INT32");
        assertThatThrownBy(() -> x.upload(new float[3])).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> device.allocate(ElementType.FLOAT32, -1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void namesWhatIsMissingOrTooLarge() {
        Buffer x = device.floats(1);
        refused("length must be 0 to " + Long.MAX_VALUE / 8 + " of FLOAT64, not " + (1L << 62),
            () -> device.allocate(ElementType.FLOAT64, 1L << 62));
        refused("length must be 0 to", () -> device.allocate(ElementType.UINT8, Long.MIN_VALUE));
        refused("type must be given", () -> device.allocate(null, 1));
        refused("type must be given", () -> device.wrap(null, 64, 1));
        refused("values must be given", () -> device.floats((float[]) null));
        refused("values must be given", () -> device.ints((int[]) null));
        refused("kernel must be given", () -> device.launch(null, Launch.elements(1), x, 1f, 1));
        refused("shape must be given", () -> device.launch("fill", null, x, 1f, 1));
        refused("arguments must be given", () -> device.launch("fill", Launch.elements(1), (Object[]) null));
        refused("kind must be given", () -> new Launch(null, 1, 1, 1, 0));
        refused("source must be given", () -> device.copy(null, x));
        refused("target must be given", () -> device.copy(x, null));
        refused("target must be given", () -> device.zero(null));
        refused("work must be given", () -> device.record(null));
        refused("source must be given", () -> x.upload((float[]) null));
        refused("source must be given", () -> x.upload((ByteBuffer) null));
        refused("target must be given", () -> x.download((double[]) null));
        refused("name must be given", () -> Devices.open(null, 1));
        refused("notices must be given", () -> Devices.open("host", 1, null));
        refused("resource must be given", () -> Scope.open().keep(null));
        assertThatThrownBy(() -> Launch.rows(1L << 31)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("at most");
        assertThatThrownBy(() -> device.launch("fill", Launch.elements(1), new Object[41])).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("3 arguments (PFI), not 41");
    }

    private static void refused(String message, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(UsageException.class).hasMessageContaining(message);
    }

    @Test
    void saysHowMuchMemoryWasAskedFor() {
        assertThatThrownBy(() -> device.allocate(ElementType.UINT8, 1L << 50))
            .isInstanceOf(AdiwException.class).hasMessageContaining(String.valueOf(1L << 50));
    }

    @Test
    void closesWhatIsLeftOpen() {
        Buffer x = device.floats(1);
        device.close();
        device.close();
        assertThatThrownBy(x::toFloats).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> device.allocate(ElementType.FLOAT32, 1)).hasMessageContaining("closed");
        x.close();
    }

    @Test
    void twoDevicesWorkFromTwoThreads() throws InterruptedException {
        float[][] results = new float[2][];
        Thread[] threads = new Thread[2];
        for (int t = 0; t < 2; t++) {
            int mine = t;
            threads[t] = new Thread(() -> {
                try (Device own = Devices.open("host", 2)) {
                    Buffer x = own.floats(new float[50_000]);
                    Graph graph = own.record(() -> own.launch("fill", Launch.elements(50_000), x, mine + 1f, 50_000));
                    for (int i = 0; i < 50; i++) {
                        graph.replay();
                    }
                    results[mine] = x.toFloats();
                    graph.close();
                }
            });
            threads[t].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(results[0]).containsOnly(1);
        assertThat(results[1]).containsOnly(2);
    }

    @Test
    void refusesUnknownDevicesAndThreads() {
        assertThatThrownBy(() -> Devices.open("gpu")).isInstanceOf(UsageException.class).hasMessageContaining("host");
        assertThatThrownBy(() -> Devices.open("host", 0)).isInstanceOf(UsageException.class).hasMessageContaining("at least 1");
    }
}
