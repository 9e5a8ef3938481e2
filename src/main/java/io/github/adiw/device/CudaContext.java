package io.github.adiw.device;

import io.github.adiw.AdiwException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;
import jcuda.driver.JITOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A GPU's primary context (embedders' pointers live there) and the kernels in it: one of each a process, whatever devices are opened and
 * closed. They stay until the process ends; a context that a failure has lost goes with its last device, and the next one gets another.
 */
final class CudaContext {
    /** System property: {@code false} leaves machine code aside, so that the driver compiles PTX. */
    static final String CUBIN_PROPERTY = "adiw.cubin";
    private static final Logger LOG = LoggerFactory.getLogger(CudaContext.class);
    private static final int LOG_BYTES = 16 << 10;
    /** The least compute capability with clusters. */
    private static final int CLUSTER_CAPABILITY = 90;
    /** By the GPU's number. */
    private static final Map<Integer, CudaContext> OPEN = new HashMap<>();

    /**
     * A kernel.
     *
     * @param mostThreads the largest block that it may have on this GPU, or the one that it declares
     */
    record Function(CUfunction handle, int mostThreads) {}

    /** A device's part in a context. */
    record Share(CudaContext context) implements AutoCloseable {
        @Override
        public void close() {
            context.leave();
        }
    }

    private final int ordinal;
    private final int capability;
    private final Scope scope;
    private final CUcontext handle = new CUcontext();
    private final Map<String, Function> functions = new HashMap<>();
    private boolean clusters;
    private String form = "PTX, which the driver compiles";
    private int users;
    private volatile boolean lost;

    private CudaContext(Scope scope, int ordinal, CUdevice device, GpuKernels kernels) {
        this.ordinal = ordinal;
        this.capability = CudaDriver.capability(device);
        clusters = capability >= CLUSTER_CAPABILITY;
        this.scope = scope;
        CudaDriver.check(() -> JCudaDriver.cuDevicePrimaryCtxRetain(handle, device), "opening GPU " + ordinal);
        scope.keep(() -> CudaDriver.result(() -> JCudaDriver.cuDevicePrimaryCtxRelease(device)));
        CUcontext callers = new CUcontext();
        CudaDriver.check(() -> JCudaDriver.cuCtxGetCurrent(callers), "asking for the current context");
        CudaDriver.check(() -> JCudaDriver.cuCtxSetCurrent(handle), "entering GPU " + ordinal);
        try {
            load(kernels);
        } finally {
            CudaDriver.result(() -> JCudaDriver.cuCtxSetCurrent(callers));
        }
    }

    /**
     * A part in the GPU's context, which is made and filled if there is none.
     *
     * @throws AdiwException if the driver refuses a kernel; the message has what it says of it
     */
    static Share open(int ordinal, CUdevice device, GpuKernels kernels) {
        synchronized (OPEN) {
            CudaContext context = OPEN.get(ordinal);
            if (context != null && context.users == 0 && context.capability != CudaDriver.capability(device)) {
                OPEN.remove(ordinal);       // the stand-in driver pretends to be another GPU now
                context.scope.close();
                context = null;
            }
            if (context == null) {
                context = Scope.building(scope -> new CudaContext(scope, ordinal, device, kernels));
                OPEN.put(ordinal, context);
            }
            context.users++;
            return new Share(context);
        }
    }

    private void leave() {
        synchronized (OPEN) {
            users--;
            if (users == 0 && lost) {
                OPEN.remove(ordinal);
                scope.close();
            }
        }
    }

    CUcontext handle() {
        return handle;
    }

    /** Of the GPU: 10 major + minor. */
    int capability() {
        return capability;
    }

    /** Whether kernels of clusters are loaded: not on GPUs before 9.0, and not by a driver that is older than their PTX. */
    boolean hasClusters() {
        return clusters;
    }

    /** By name. */
    Map<String, Function> functions() {
        return functions;
    }

    /** What was loaded, for a person. */
    String form() {
        return form;
    }

    /** Whether a failure has ended all that may be done in it. */
    boolean isLost() {
        return lost;
    }

    /** Notes what the result of a call says of the context. */
    void saw(int result) {
        lost |= result >= 700 && result < 720;
    }

    private void load(GpuKernels kernels) {
        Optional<Cubins> cubins = Boolean.parseBoolean(System.getProperty(CUBIN_PROPERTY, "true")) ? Cubins.of(capability)
            : Optional.empty();
        int taken = 0;
        List<String> modules = kernels.modules().stream().filter(text -> GpuKernels.target(text) <= capability).toList();
        for (String text : modules) {
            byte[] code = cubins.map(found -> found.of(text)).orElse(null);
            CUmodule module = new CUmodule();
            if (code != null) {
                String refusal = load(module, code);
                if (refusal == null) {
                    taken++;
                } else {
                    LOG.info("GPU {} takes no machine code for {}, and compiles PTX instead: {}", ordinal, cubins.get().architecture(),
                        refusal);
                    cubins = Optional.empty();
                    code = null;
                }
            }
            if (code == null) {
                String refusal = load(module, (text + '\0').getBytes(StandardCharsets.US_ASCII));
                if (refusal != null && GpuKernels.target(text) > CudaDriver.LEAST_CAPABILITY) {
                    LOG.info("GPU {} goes without the kernels {}, which the driver refuses: {}", ordinal, GpuKernels.entries(text),
                        refusal);
                    clusters = false;
                    continue;
                }
                if (refusal != null) {
                    throw new AdiwException("loading the kernels " + GpuKernels.entries(text) + " failed: " + refusal);
                }
            }
            scope.keep(() -> CudaDriver.result(() -> JCudaDriver.cuModuleUnload(module)));
            for (String entry : GpuKernels.entries(text)) {
                functions.put(entry, function(module, entry));      // now: a driver that loads lazily may not while a graph is recorded
            }
        }
        if (taken > 0) {
            form = "machine code for " + cubins.map(Cubins::architecture).orElse("this GPU")
                + (taken < modules.size() ? " and PTX" : "");
        }
    }

    /** Loads PTX or machine code; what the driver says of it if it does not take it, else null. */
    private static String load(CUmodule module, byte[] image) {
        JITOptions options = new JITOptions();
        options.putBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER, new byte[LOG_BYTES]);
        options.putInt(CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, LOG_BYTES);
        int result = CudaDriver.result(() -> JCudaDriver.cuModuleLoadDataJIT(module, Pointer.to(image), options));
        if (result == 0) {
            return null;
        }
        String log = new String(options.getBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER), StandardCharsets.US_ASCII);
        int end = log.indexOf('\0');
        log = (end < 0 ? log : log.substring(0, end)).strip();
        String error = CudaDriver.error(result);
        return error + (error.contains(log) ? "" : ": " + log);
    }

    private static Function function(CUmodule module, String kernel) {
        CUfunction handle = new CUfunction();
        CudaDriver.check(() -> JCudaDriver.cuModuleGetFunction(handle, module, kernel), "looking up " + kernel);
        int[] most = new int[1];
        CudaDriver.check(
            () -> JCudaDriver.cuFuncGetAttribute(most, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, handle),
            "asking for the block of " + kernel);
        return new Function(handle, most[0] < 32 ? most[0] : most[0] & ~31);
    }
}
