package io.github.adiw.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.adiw.DeviceMatrix;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** The stand-in driver's thread order, for tests of other packages, and what is built for its own. */
public final class StandInControl {
    /** Where the build puts native code, in the source tree. */
    public static final Path BUILT = Path.of("target/native");

    private StandInControl() {}

    /** The orders that results must not depend on; three seeds of the shuffled one. */
    public static final List<String> ORDERS = List.of("forwards", "backwards", "shuffled 1", "shuffled 2", "shuffled 3");

    /** Where the stand-in is loaded, the process has no other driver: a test of another device's run is skipped. */
    private static void load() {
        assumeTrue(DeviceMatrix.slow(), "needs the stand-in driver's test run (-Dadiw.test.device=simt)");
        StandInDriver.load();
    }

    /** @param order one of {@link #ORDERS}, for launches from now on */
    public static void order(String order) {
        load();
        String[] part = order.split(" ");
        StandInDriver.order(StandInDriver.Order.valueOf(part[0].toUpperCase(java.util.Locale.ROOT)),
            part.length > 1 ? Long.parseLong(part[1]) : 0);
    }

    /** Makes a target of {@code native/Makefile}, and returns what that printed; fails if it fails. */
    public static String make(String target) throws IOException, InterruptedException {
        Process make = new ProcessBuilder("make", "-s", "-C", "native", "OUT=" + BUILT.toAbsolutePath(),
            "JAVA_HOME=" + System.getProperty("java.home"),
            target).redirectErrorStream(true).start();
        String output = new String(make.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(make.waitFor()).as(output).isZero();
        return output;
    }

    /** @param bytes of memory that the stand-in's device pretends to have from now on; 0 for what is usual */
    public static void totalMemory(long bytes) {
        load();
        StandInDriver.totalMemory(bytes == 0 ? 16L << 30 : bytes);
    }

    /** @param capability of the stand-in's device, for devices opened from now on: 10 major + minor; 0 for what is usual */
    public static void capability(int capability) {
        load();
        StandInDriver.capability(capability == 0 ? CudaDriver.LEAST_CAPABILITY : capability);
    }

    /**
     * Runs a test on a device that has clusters: the stand-in pretends to, a GPU has them or the test is skipped.
     */
    public static void withClusters(Runnable test) {
        if (DeviceMatrix.slow()) {
            capability(90);
        }
        try {
            try (Device device = DeviceMatrix.open()) {
                assumeTrue(device.hasClusters(), "needs a GPU of compute capability 9.0, or the stand-in driver's test run");
            }
            test.run();
        } finally {
            if (DeviceMatrix.slow()) {
                capability(0);
            }
        }
    }

    /** @param threads of every block that its kernel does not fix, for devices opened from now on; 0 for what is usual */
    public static void block(int threads) {
        if (threads == 0) {
            System.clearProperty(CudaDevice.BLOCK_PROPERTY);
        } else {
            System.setProperty(CudaDevice.BLOCK_PROPERTY, Integer.toString(threads));
        }
    }
}
