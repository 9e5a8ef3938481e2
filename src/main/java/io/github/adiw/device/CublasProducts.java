package io.github.adiw.device;

import io.github.adiw.AdiwException;
import java.util.Locale;
import java.util.function.IntSupplier;
import jcuda.CudaException;
import java.util.Set;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasMath;
import jcuda.jcublas.cublasOperation;
import jcuda.runtime.cudaStream_t;

/**
 * Plain matrix products (no bias, no ReLU) by cuBLAS, through JCublas, in place of the kernels of {@code kernels/gemm.cu}. JCublas 12.6
 * needs {@code libcublas.so.12}; where that does not load, the kernels do it all. It works in memory that it is given, so that a
 * product can be recorded into a graph.
 */
final class CublasProducts implements AutoCloseable {
    private static final String JCUBLAS = "lib/libJCublas2-12.6.0-linux-x86_64.so";
    private static final String LIBRARY = "libcublas.so.12";
    /** Whose products it can do, as far as these are plain. */
    static final Set<String> KERNELS = Set.of("gemm_fp32", "gemm_tf32");
    // Of the kernels' parameters (a, b, c, bias, m, n, k, transpose_a, transpose_b, flags).
    private static final int A = 0, B = 1, C = 2, BIAS = 3, M = 4, N = 5, K = 6, TRANSPOSE_A = 7, TRANSPOSE_B = 8, FLAGS = 9;
    private static final long ACCUMULATE = 1, RELU = 2;

    private final cublasHandle handle = new cublasHandle();
    private final Pointer zero = Pointer.to(new float[] {0});
    private final Pointer one = Pointer.to(new float[] {1});
    private final int version;
    private int math = -1;

    /**
     * Opens cuBLAS on the current context.
     *
     * @param workspace      address of device memory that stays the caller's
     * @param workspaceBytes its size
     * @throws AdiwException if the library does not load or cannot be used; the message is the reason alone
     */
    CublasProducts(CUstream stream, long workspace, long workspaceBytes) {
        if (!HostRuntime.finds(LIBRARY)) {
            throw new AdiwException(LIBRARY + " is not found");
        }
        CudaDriver.loadJCudaClass(JCUBLAS, "jcuda.jcublas.JCublas2", "the kernels do without it");
        check(() -> JCublas2.cublasCreate(handle), "opening it");
        boolean opened = false;
        try {
            int[] found = new int[1];
            check(() -> JCublas2.cublasGetVersion(handle, found), "asking for its version");
            version = found[0];
            check(() -> JCublas2.cublasSetStream(handle, new cudaStream_t(stream)), "giving it a stream");
            check(() -> JCublas2.cublasSetWorkspace(handle, at(workspace), workspaceBytes), "giving it memory");
            opened = true;
        } finally {
            if (!opened) {
                close();
            }
        }
    }

    /** Version, as people write it: {@code 12.6.4}. */
    String version() {
        return String.format(Locale.ROOT, "%d.%d.%d", version / 10000, version / 100 % 100, version % 100);
    }

    /** The kernel of {@link #KERNELS} that has the same arguments and makes the same product, or the name itself. */
    static String plain(String kernel) {
        return kernel.replace("gemm_split_", "gemm_");
    }

    /** Whether a launch of one of {@link #KERNELS} with these arguments is a plain product. */
    static boolean does(long[] words) {
        return words[BIAS] == 0 && ((int) words[FLAGS] & RELU) == 0;
    }

    /**
     * Enqueues c [m, n] = op(a) [m, k] op(b) [k, n], added to c if the flags say so. Row-major is column-major of the transposed
     * matrices: c' = op(b)' op(a)'.
     */
    void multiply(String kernel, long[] words) {
        int wanted = kernel.equals("gemm_tf32") ? cublasMath.CUBLAS_TF32_TENSOR_OP_MATH : cublasMath.CUBLAS_PEDANTIC_MATH;
        if (math != wanted) {
            check(() -> JCublas2.cublasSetMathMode(handle, wanted), "choosing a precision");
            math = wanted;
        }
        int m = (int) words[M];
        int n = (int) words[N];
        int k = (int) words[K];
        boolean transposeA = (int) words[TRANSPOSE_A] != 0;
        boolean transposeB = (int) words[TRANSPOSE_B] != 0;
        check(
            () -> JCublas2.cublasSgemm(handle, operation(transposeB), operation(transposeA), n, m, k, one, at(words[B]), transposeB ? k : n,
                at(words[A]), transposeA ? m : k, (words[FLAGS] & ACCUMULATE) != 0 ? one : zero, at(words[C]), n),
            "a matrix product");
    }

    private static int operation(boolean transposed) {
        return transposed ? cublasOperation.CUBLAS_OP_T : cublasOperation.CUBLAS_OP_N;
    }

    private static CUdeviceptr at(long address) {
        return new CUdeviceptr().withByteOffset(address);
    }

    private static void check(IntSupplier call, String doing) {
        String status;
        try {
            status = String.valueOf(call.getAsInt());
        } catch (CudaException e) {         // JCuda throws if the program around this library has it so
            status = e.getMessage();
        }
        if (!status.equals("0")) {
            throw new AdiwException("cuBLAS fails at " + doing + ": status " + status);
        }
    }

    @Override
    public void close() {
        check(() -> JCublas2.cublasDestroy(handle), "closing it");
    }
}
