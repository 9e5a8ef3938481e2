package io.github.adiw.device;

import io.github.adiw.UsageException;

/** The JNI library {@code native/host/runtime.cpp}: kernels on this machine's processor. */
final class HostRuntime {
    static final int COPY_NODE = -1;
    static final int FILL_NODE = -2;
    private static final String INSTRUCTION_SET;
    private static final KernelTable KERNELS;

    static {
        NativeLibrary.load("libadiw.so");
        String wanted = System.getProperty("adiw.isa", "");
        INSTRUCTION_SET = chooseInstructionSet(wanted);
        if (INSTRUCTION_SET == null) {
            throw new UsageException("adiw.isa=" + wanted
                + " is not an instruction set of this processor: choose base, avx2 or avx512, or leave it unset");
        }
        KERNELS = new KernelTable(kernels());
    }

    private HostRuntime() {}

    /** The instruction set in use: base, avx2 or avx512 ({@code -Dadiw.isa} forces one). */
    static String instructionSet() {
        return INSTRUCTION_SET;
    }

    static KernelTable table() {
        return KERNELS;
    }

    private static native String chooseInstructionSet(String wanted);

    private static native String[] kernels();

    /** Whether there is a CUDA driver: NVIDIA's, or one that is loaded already. */
    static boolean findsDriver() {
        return finds("libcuda.so.1");
    }

    /** Whether the dynamic linker finds a library of this name, or one is loaded already. */
    static native boolean finds(String library);

    static native boolean hasAvx2();

    static native long createPool(int threads);

    static native void destroyPool(long pool);

    static native long allocate(long bytes);

    static native void free(long address);

    static native void copyFromArray(long address, Object array, long offset, long bytes);

    static native void copyToArray(long address, Object array, long offset, long bytes);

    static native long directAddress(java.nio.Buffer buffer);

    static native void launch(long pool, int kernel, int x, int y, int z, long[] words);

    static native long createGraph(long pool, int[] nodes, long[] words);

    static native void replayGraph(long graph);

    static native void destroyGraph(long graph);
}
