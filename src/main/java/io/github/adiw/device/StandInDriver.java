package io.github.adiw.device;

/**
 * The stand-in CUDA driver {@code native/simt}, loaded in place of NVIDIA's: kernels run with their true block size, one
 * fiber to a CUDA thread, in main memory. What it does beyond the driver's own functions is here, for tests, once it is {@linkplain #load
 * loaded}.
 */
final class StandInDriver {
    /** The device name that it reports. */
    static final String DEVICE_NAME = "ADIW stand-in";
    /** Takes the place of NVIDIA's by its name. */
    static final String LIBRARY = "libcuda.so.1";

    /** Order in which the threads of a block, and blocks, take turns. */
    enum Order {
        FORWARDS(0), BACKWARDS(1), SHUFFLED(2);

        /** Its number in native/simt/scheduler.h. */
        private final int code;

        Order(int code) {
            this.code = code;
        }
    }

    private static boolean loaded;

    private StandInDriver() {}

    /**
     * Loads the library, unless that is done.
     *
     * @throws io.github.adiw.AdiwException if it does not load
     */
    static synchronized void load() {
        if (!loaded) {
            NativeLibrary.load(LIBRARY);
            loaded = true;
        }
    }

    /** For launches from now on; {@code seed} serves {@link Order#SHUFFLED}. */
    static void order(Order order, long seed) {
        order(order.code, seed);
    }

    private static native void order(int order, long seed);

    /** Allocations that are live. */
    static native int live();

    /** Modules that have been loaded since the driver was. */
    static native int modulesLoaded();

    /** The memory that the device pretends to have, in bytes. */
    static native void totalMemory(long bytes);

    /** The CUDA version that it pretends to support: 1000 major + 10 minor. */
    static native void driverVersion(int version);

    /** The compute capability that devices have which are opened from now on: 10 major + minor; 80 at first. */
    static native void capability(int capability);

    /** Whether it takes machine code, or refuses it as a driver does for which it is too new. */
    static native void takesCubins(boolean takes);

    /** A PTX text without code that declares every kernel, for a build without nvcc. */
    static native String declarations();
}
