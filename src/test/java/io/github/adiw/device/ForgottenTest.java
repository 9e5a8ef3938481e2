package io.github.adiw.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.ChildJvm;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.weight.ImportanceWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What nobody closed is freed once nothing refers to it. */
class ForgottenTest {
    /** Opens devices or makes estimators and forgets them; prints threads and MiB that the process has more than before. */
    static final class Forgetting {
        private Forgetting() {}

        public static void main(String[] arguments) throws IOException, InterruptedException {
            boolean devices = arguments[0].equals("devices");
            try (Device kept = Devices.open(arguments[1], 2)) {
                forget(kept, devices, 1);
                long threads = threads();
                long memory = status("VmRSS") >> 10;
                forget(kept, devices, Integer.parseInt(arguments[2]));
                for (int i = 0; i < 10 || i < 100 && (devices ? threads() > threads + 20 : kept.holdings() > 200); i++) {
                    System.gc();
                    Thread.sleep(50);
                    kept.floats(1).close();
                }
                System.out.println(threads() - threads + " " + ((status("VmRSS") >> 10) - memory) + " " + kept.holdings());
            }
        }

        private static void forget(Device kept, boolean devices, int count) {
            for (int i = 0; i < count; i++) {
                if (devices) {
                    Buffer x = Devices.open(kept.name(), 2).floats(1, 2, 3);
                    if (x.toFloats()[1] != 2) {
                        throw new IllegalStateException("a device that is used was closed");
                    }
                } else {
                    estimate(kept);
                }
            }
        }

        private static void estimate(Device device) {
            int n = 64;
            float[] w = ImportanceWeights.builder(device, n).batch(n).validationBatch(n).dimension(4).method("km").build()
                .update(indices(n), new float[n * 4], new float[n * 4]);
            if (w.length != n) {
                throw new IllegalStateException("an estimator that is used was freed");
            }
        }

        private static int[] indices(int n) {
            int[] indices = new int[n];
            for (int i = 0; i < n; i++) {
                indices[i] = i;
            }
            return indices;
        }

        private static long threads() throws IOException {
            return status("Threads");
        }

        private static long status(String name) throws IOException {
            return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith(name + ":")).findFirst()
                .map(line -> Long.parseLong(line.replaceAll("\\D", ""))).orElseThrow();
        }
    }

    private static String[] forget(ChildJvm java, String what, int count) throws IOException, InterruptedException {
        ChildJvm.Outcome outcome = java.option("-Xmx64m").run(Forgetting.class, what, DeviceMatrix.name(), String.valueOf(count));
        assertThat(outcome.code()).as(outcome.toString()).isZero();
        return (outcome.out().strip() + " " + outcome.err().strip()).split(" ", 4);
    }

    @Test
    void devicesEndTheirThreads() throws IOException, InterruptedException {
        String[] more = forget(new ChildJvm(), "devices", DeviceMatrix.slow() ? 20 : 300);
        assertThat(Integer.parseInt(more[0])).as("threads more than before").isLessThan(30);
        assertThat(more[3]).containsOnlyOnce("was never closed").contains("the device " + DeviceMatrix.name())
            .contains("-Dadiw.trace=true");
    }

    @Test
    void estimatorsGiveTheirMemoryBack() throws IOException, InterruptedException {
        String[] more = forget(new ChildJvm(), "estimators", DeviceMatrix.slow() ? 5 : 2000);
        assertThat(Integer.parseInt(more[1])).as("MiB more than before").isLessThan(200);
        assertThat(Integer.parseInt(more[2])).as("buffers and graphs that are still held").isLessThanOrEqualTo(200);
        assertThat(more[3]).containsOnlyOnce("was never closed").contains("-Dadiw.trace=true");
    }

    @Test
    void theLogSaysOnceWhereTheyWereMade() throws IOException, InterruptedException {
        String[] more = forget(new ChildJvm().option("-Dadiw.trace=true"), "devices", 20);
        assertThat(more[3]).contains("was never closed", "made here", "ForgottenTest$Forgetting.forget");
        assertThat(more[3].lines().filter(line -> line.contains("the device") && line.contains("was never closed"))).hasSize(1);
    }
}
