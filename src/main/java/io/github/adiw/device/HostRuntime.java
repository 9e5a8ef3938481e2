package io.github.adiw.device;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;

/**
 * The JNI library {@code native/host/runtime.cpp}: kernels on this machine's processor. It is loaded when it is first asked for something
 * that needs no device; who asks again for what could not be loaded gets the same sentence again.
 */
final class HostRuntime {
    static final int COPY_NODE = -1;
    static final int FILL_NODE = -2;
    private static boolean loaded;
    private static String instructionSet;
    private static KernelTable kernels;

    private HostRuntime() {}

    /**
     * Loads the library, unless that is done.
     *
     * @throws AdiwException  if it cannot be loaded
     * @throws UsageException if this processor lacks the instruction set that was asked for
     */
    private static synchronized void load() {
        if (!loaded) {
            NativeLibrary.load("libadiw.so");
            loaded = true;
        }
        if (kernels == null) {
            String wanted = System.getProperty("adiw.isa", "");
            String chosen = chooseInstructionSet(wanted);
            if (chosen == null) {
                throw new UsageException("adiw.isa=" + wanted
                    + " is not an instruction set of this processor: choose base, avx2 or avx512, or leave it unset");
            }
            instructionSet = chosen;
            kernels = new KernelTable(kernels());
        }
    }

    /** The instruction set in use: base, avx2 or avx512 ({@code -Dadiw.isa} forces one). */
    static String instructionSet() {
        load();
        return instructionSet;
    }

    /** What it can run. */
    static KernelTable table() {
        load();
        return kernels;
    }

    private static native String chooseInstructionSet(String wanted);

    private static native String[] kernels();

    /** Whether there is a CUDA driver: NVIDIA's, or one that is loaded already. */
    static boolean findsDriver() {
        return finds("libcuda.so.1");
    }

    /** Whether the dynamic linker finds a library of this name, or one is loaded already. */
    static boolean finds(String library) {
        load();
        return opens(library);
    }

    private static native boolean opens(String library);

    /** Whether this processor runs the stand-in driver's kernels. */
    static boolean hasAvx2() {
        load();
        return processorHasAvx2();
    }

    private static native boolean processorHasAvx2();

    // The rest serves devices, which cannot be opened before the library is loaded.

    /** A pool of at most so many threads, the caller's among them: as many as the system gives; 0 if it has no memory for one. */
    static native long createPool(int threads);

    static native int threads(long pool);

    static native void destroyPool(long pool);

    /** 0 if there is not so much. */
    static native long allocate(long bytes);

    static native void free(long address);

    static native void copyFromArray(long address, Object array, long offset, long bytes);

    static native void copyToArray(long address, Object array, long offset, long bytes);

    static native long directAddress(java.nio.Buffer buffer);

    /** False if it was refused memory. */
    static native boolean launch(long pool, int kernel, int x, int y, int z, long[] words);

    /** 0 if there is no memory for it. */
    static native long createGraph(long pool, int[] nodes, long[] words);

    /** False if a launch was refused memory. */
    static native boolean replayGraph(long graph);

    static native void destroyGraph(long graph);
}
