package io.github.adiw.device;

import io.github.adiw.AdiwException;
import java.util.function.IntSupplier;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/**
 * A stream, of its own or the embedder's, in a {@link CudaContext}, and what else a {@link CudaDevice} has to give back; it does not refer
 * to that device. A driver's function that needs the context is called between {@link #enter} and
 * the end of what that gives.
 */
@SuppressWarnings("try")        // a context is entered for what is called inside, and nothing is asked of it
final class CudaSession implements AutoCloseable {
    /** Puts the caller's context back. */
    interface Current extends AutoCloseable {
        @Override
        void close();
    }

    /** Reads the address that the driver gave. */
    private static final class Allocation extends CUdeviceptr {
        long address() {
            return getNativePointer();
        }
    }

    private static final Current STAYS = () -> {};

    private final String name;
    private final CudaContext gpu;
    private final CUcontext context;
    private final CUstream stream;
    private final Scope scope;
    private final Current goesBack = () -> CudaDriver.result(() -> JCudaDriver.cuCtxSetCurrent(this.callers));
    private CUcontext seen = new CUcontext();
    private CUcontext callers;

    private CudaSession(Scope scope, String name, int ordinal, CUdevice device, GpuKernels kernels, long givenStream) {
        this.scope = scope;
        this.name = name;
        this.stream = givenStream == 0 ? new CUstream() : CudaDriver.stream(givenStream);
        this.gpu = scope.keep(CudaContext.open(ordinal, device, kernels)).context();
        this.context = gpu.handle();
        if (givenStream == 0) {
            try (Current entered = enter()) {
                CudaDriver.check(() -> JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING),
                    "opening a stream on " + name);
            }
            keep(() -> CudaDriver.result(() -> JCudaDriver.cuStreamDestroy(stream)));
        }
    }

    /** @param givenStream the caller's, or 0 for one of its own */
    static CudaSession open(String name, int ordinal, CUdevice device, GpuKernels kernels, long givenStream) {
        return Scope.building(scope -> new CudaSession(scope, name, ordinal, device, kernels, givenStream));
    }

    CudaContext gpu() {
        return gpu;
    }

    CUstream stream() {
        return stream;
    }

    /** {@code resource}, which is closed in this context before the stream goes. */
    <T extends AutoCloseable> T keep(T resource) {
        scope.keep(() -> {
            try (Current entered = enter()) {
                resource.close();
            }
        });
        return resource;
    }

    /** Makes the context current in this thread until what it gives is closed: other programs' threads have contexts of their own. */
    Current enter() {
        CUcontext now = seen;
        CudaDriver.check(() -> JCudaDriver.cuCtxGetCurrent(now), "asking for the current context");
        if (now.equals(context)) {
            return STAYS;
        }
        callers = now;
        seen = new CUcontext();
        CudaDriver.check(() -> JCudaDriver.cuCtxSetCurrent(context), "entering " + name);
        return goesBack;
    }

    /** The address of device memory. */
    long allocate(long bytes) {
        try (Current entered = enter()) {
            Allocation allocation = new Allocation();
            int result = CudaDriver.result(() -> JCudaDriver.cuMemAlloc(allocation, bytes));
            if (result == CudaDriver.OUT_OF_MEMORY) {
                long[] free = new long[1];
                long[] total = new long[1];
                CudaDriver.result(() -> JCudaDriver.cuMemGetInfo(free, total));
                throw new AdiwException(name + " has no " + bytes + " bytes of memory left for a buffer: " + free[0] + " of " + total[0]
                    + " bytes are free; use a smaller batch or less data");
            }
            check(result, "allocating " + bytes + " bytes on " + name);
            return allocation.address();
        }
    }

    /** Frees what was allocated. */
    void free(long address) {
        try (Current entered = enter()) {
            int result = CudaDriver.result(() -> JCudaDriver.cuMemFree(new CUdeviceptr().withByteOffset(address)));
            if (!gpu.isLost()) {
                check(result, "freeing memory on " + name);
            }
        }
    }

    /** Frees a recording. */
    void free(CUgraphExec executable) {
        try (Current entered = enter()) {
            CudaDriver.result(() -> JCudaDriver.cuGraphExecDestroy(executable));
        }
    }

    /** @throws AdiwException if the call fails, which may mean that the GPU is lost */
    void check(IntSupplier call, String doing) {
        check(CudaDriver.result(call), doing);
    }

    private void check(int result, String doing) {
        if (result != 0) {
            gpu.saw(result);
            CudaDriver.check(result, doing);
        }
    }

    /** Waits, and gives back what opening has taken. */
    @Override
    public void close() {
        try (Current entered = enter()) {
            gpu.saw(CudaDriver.result(() -> JCudaDriver.cuStreamSynchronize(stream)));
        } finally {
            scope.close();
        }
    }
}
