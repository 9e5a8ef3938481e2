package io.github.adiw.device;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntSupplier;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An NVIDIA GPU through JCuda's driver API, or the stand-in driver through the same calls: primary context (embedders'
 * pointers live there), a stream of its own or the embedder's, graphs by stream capture. Kernel arguments pass through one reused direct
 * buffer, copies to and from the Java heap through another.
 */
@SuppressWarnings("try")        // a context is entered for what is called inside, and nothing is asked of it
final class CudaDevice extends Device {
    /** System property, for tests: threads to a block of every kernel that does not fix its block. */
    static final String BLOCK_PROPERTY = "adiw.block";
    /** System property: {@code kernel} or {@code cublas} for plain matrix products; else what is measured to be faster. */
    static final String PRODUCTS_PROPERTY = "adiw.gemm";
    private static final Logger LOG = LoggerFactory.getLogger(CudaDevice.class);
    private static final long CUBLAS_WORKSPACE = 32 << 20;
    /** What cuBLAS must be faster by. */
    private static final double CUBLAS_GAIN = 1.2;
    private static final int MEASURED_SIZE = 512;
    private static final int STAGING_BYTES = 4 << 20;
    private static final int MOST_ARGUMENTS = 40;

    /** Reads the address that the driver gave. */
    private static final class Allocation extends CUdeviceptr {
        long address() {
            return getNativePointer();
        }
    }

    private static final Current STAYS = () -> {};

    private record Function(CUfunction handle, int mostThreads) {}

    private final String name;
    private final int ordinal;
    private final CUdevice device;
    private final CUcontext context = new CUcontext();
    private final CUstream stream;
    private final boolean ownStream;
    private final List<CUmodule> modules = new ArrayList<>();
    private final Map<String, CUmodule> moduleOf = new HashMap<>();
    private final Map<String, Function> functions = new HashMap<>();
    private final int multiprocessors;
    private final int forcedBlock;
    private final ByteBuffer arguments = ByteBuffer.allocateDirect(8 * MOST_ARGUMENTS).order(ByteOrder.nativeOrder());
    private final Pointer[] argumentLists = new Pointer[MOST_ARGUMENTS + 1];
    private final ByteBuffer staging = ByteBuffer.allocateDirect(STAGING_BYTES);
    private final Pointer stagingPointer = Pointer.to(staging);
    private final long stagingAddress = HostRuntime.directAddress(staging);
    private final Set<String> byCublas = new TreeSet<>();
    private CublasProducts cublas;
    private long cublasWorkspace;
    private String products;
    private final Current goesBack = () -> CudaDriver.result(() -> JCudaDriver.cuCtxSetCurrent(this.callers));
    private CUcontext seen = new CUcontext();
    private CUcontext callers;
    private boolean capturing;
    private boolean lost;

    /** @param givenStream the caller's, or 0 for one of its own */
    private CudaDevice(String name, int ordinal, GpuKernels kernels, long givenStream) {
        super(HostRuntime.table());
        this.ownStream = givenStream == 0;
        this.stream = ownStream ? new CUstream() : CudaDriver.stream(givenStream);
        this.name = name;
        this.ordinal = ordinal;
        this.device = CudaDriver.device(ordinal);
        this.multiprocessors = CudaDriver.attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
        this.forcedBlock = Integer.getInteger(BLOCK_PROPERTY, 0);
        Pointer[] words = new Pointer[MOST_ARGUMENTS];
        for (int i = 0; i < MOST_ARGUMENTS; i++) {
            words[i] = Pointer.to(arguments).withByteOffset(8L * i);
        }
        for (int count = 0; count <= MOST_ARGUMENTS; count++) {
            argumentLists[count] = Pointer.to(java.util.Arrays.copyOf(words, count));
        }
        CudaDriver.check(() -> JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "opening " + name);
        boolean opened = false;
        try (Current entered = enter()) {
            if (ownStream) {
                CudaDriver.check(() -> JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING),
                    "opening a stream on " + name);
            }
            for (String text : kernels.modules()) {
                load(text);
            }
            chooseProducts();
            opened = true;
        } finally {
            if (!opened) {
                try (Current entered = enter()) {
                    release();
                }
            }
        }
    }

    /**
     * Opens a GPU.
     *
     * @throws UsageException if the machine has no GPU of that number, or the process runs the stand-in driver
     * @throws AdiwException  if there is no driver, it or the GPU is too old, or the jar has no PTX
     */
    static CudaDevice nvidia(int ordinal, long givenStream) {
        GpuKernels kernels = prepare(ordinal);
        return new CudaDevice("cuda:" + ordinal, ordinal, kernels, givenStream);
    }

    /** Checks everything that {@link #nvidia} would refuse, without opening the device. */
    static GpuKernels prepare(int ordinal) {
        if (CudaDriver.loaded() == null && !HostRuntime.findsDriver()) {
            CudaDriver.load(CudaDriver.Kind.NVIDIA);
        }
        GpuKernels kernels = CudaDriver.loaded() == CudaDriver.Kind.STAND_IN ? null : CudaDriver.kernels();
        CudaDriver.load(CudaDriver.Kind.NVIDIA);
        int count = CudaDriver.deviceCount();
        if (ordinal >= count) {
            throw new UsageException("there is no cuda:" + ordinal + ": this machine has " + count + (count == 1 ? " GPU" : " GPUs")
                + ", numbered from 0");
        }
        CudaDriver.requireUsable(ordinal, kernels);
        return kernels;
    }

    /** Opens the stand-in driver's device. */
    static CudaDevice standIn(long givenStream) {
        CudaDriver.load(CudaDriver.Kind.STAND_IN);
        GpuKernels kernels = CudaDriver.kernels();
        CudaDriver.requireUsable(0, kernels);
        return new CudaDevice("simt", 0, kernels, givenStream);
    }

    private void load(String text) {
        CUmodule module = new CUmodule();
        CudaDriver.check(() -> JCudaDriver.cuModuleLoadData(module, text), "loading the kernels " + GpuKernels.entries(text));
        modules.add(module);
        for (String entry : GpuKernels.entries(text)) {
            moduleOf.put(entry, module);
            function(entry);        // now, since a driver that loads lazily may not while a graph is recorded
        }
    }

    /** Once, when the device is opened: which plain matrix products are made by cuBLAS, and which by the kernels. */
    private void chooseProducts() {
        String wanted = System.getProperty(PRODUCTS_PROPERTY, "auto");
        if (!Set.of("auto", "kernel", "cublas").contains(wanted)) {
            throw new UsageException(PRODUCTS_PROPERTY + "=" + wanted + " is not known: choose auto, kernel or cublas");
        }
        boolean forced = !wanted.equals("auto");
        if (wanted.equals("kernel") || !forced && CudaDriver.loaded() == CudaDriver.Kind.STAND_IN) {
            products = "the kernels";
            return;
        }
        try {
            cublasWorkspace = allocateBytes(CUBLAS_WORKSPACE);
            cublas = new CublasProducts(stream, cublasWorkspace, CUBLAS_WORKSPACE);
            if (forced) {
                byCublas.addAll(CublasProducts.KERNELS);
                products = "cuBLAS " + cublas.version();
            } else {
                measureProducts();
                products = byCublas.isEmpty() ? "the kernels" : "cuBLAS " + cublas.version() + " for " + String.join(", ", byCublas);
            }
        } catch (AdiwException e) {
            if (forced) {
                throw new AdiwException(PRODUCTS_PROPERTY + "=cublas, but " + e.getMessage(), e);
            }
            products = "the kernels, since " + e.getMessage();
        }
        if (byCublas.isEmpty()) {
            closeCublas();
        }
        LOG.info("{}: plain matrix products by {}", name, products);
    }

    /** Times both at a product of square matrices, and takes cuBLAS where it gains; logs what was found. */
    private void measureProducts() {
        int size = MEASURED_SIZE;
        long bytes = 4L * size * size;
        long address = allocateBytes(3 * bytes);
        try {
            enqueueZero(address, 3 * bytes);
            for (String kernel : new TreeSet<>(CublasProducts.KERNELS)) {
                long[] words = {address, address + bytes, address + 2 * bytes, 0, size, size, size, 0, 0, 0};
                Launch tiles = Launch.tiles(size / 64, size / 64, 1);
                KernelTable.Kernel own = HostRuntime.table().get(kernel);
                double ours = Double.POSITIVE_INFINITY;
                double theirs = Double.POSITIVE_INFINITY;
                for (int round = 0; round < 5; round++) {
                    ours = Math.min(ours, microseconds(() -> launch(own, tiles, words)));
                    theirs = Math.min(theirs, microseconds(() -> cublas.multiply(kernel, words)));
                }
                if (theirs * CUBLAS_GAIN < ours) {
                    byCublas.add(kernel);
                }
                LOG.info(String.format(Locale.ROOT, "%s: a product of %d x %d takes cuBLAS %s %.0f us, %s %.0f us", name, size, size,
                    cublas.version(), theirs, kernel, ours));
            }
        } finally {
            freeBytes(address);
        }
    }

    private double microseconds(Runnable product) {
        int count = 20;
        product.run();
        synchronize();
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            product.run();
        }
        synchronize();
        return (System.nanoTime() - start) * 1e-3 / count;
    }

    private void closeCublas() {
        if (cublas != null) {
            cublas.close();
            cublas = null;
        }
        if (cublasWorkspace != 0) {
            freeBytes(cublasWorkspace);
            cublasWorkspace = 0;
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String description() {
        return CudaDriver.describeDevices().get(ordinal) + ", driver for CUDA " + GpuKernels.versionText(CudaDriver.version())
            + ", plain matrix products by " + products;
    }

    @Override
    public void synchronize() {
        notRecording("nothing can be waited for");
        try (Current entered = enter()) {
            check(() -> JCudaDriver.cuStreamSynchronize(stream), "waiting for " + name);
        }
    }

    @Override
    long allocateBytes(long bytes) {
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

    @Override
    void freeBytes(long address) {
        try (Current entered = enter()) {
            int result = CudaDriver.result(() -> JCudaDriver.cuMemFree(at(address)));
            if (!lost) {
                check(result, "freeing memory on " + name);
            }
        }
    }

    @Override
    void copyIn(long address, Object array, long bytes) {
        notRecording(HEAP_COPY);
        try (Current entered = enter()) {
            for (long done = 0; done < bytes; done += STAGING_BYTES) {
                long part = Math.min(STAGING_BYTES, bytes - done);
                HostRuntime.copyFromArray(stagingAddress, array, done, part);
                toDevice(address + done, part);
            }
        }
    }

    @Override
    void copyOut(long address, Object array, long bytes) {
        notRecording(HEAP_COPY);
        try (Current entered = enter()) {
            for (long done = 0; done < bytes; done += STAGING_BYTES) {
                long part = Math.min(STAGING_BYTES, bytes - done);
                fromDevice(address + done, part);
                HostRuntime.copyToArray(stagingAddress, array, done, part);
            }
        }
    }

    @Override
    void copyIn(long address, long hostAddress, long bytes) {
        notRecording(HEAP_COPY);
        try (Current entered = enter()) {
            for (long done = 0; done < bytes; done += STAGING_BYTES) {
                long part = Math.min(STAGING_BYTES, bytes - done);
                HostRuntime.launch(0, HostRuntime.COPY_NODE, 1, 1, 1, new long[] {stagingAddress, hostAddress + done, part});
                toDevice(address + done, part);
            }
        }
    }

    @Override
    void copyOut(long address, long hostAddress, long bytes) {
        notRecording(HEAP_COPY);
        try (Current entered = enter()) {
            for (long done = 0; done < bytes; done += STAGING_BYTES) {
                long part = Math.min(STAGING_BYTES, bytes - done);
                fromDevice(address + done, part);
                HostRuntime.launch(0, HostRuntime.COPY_NODE, 1, 1, 1, new long[] {hostAddress + done, stagingAddress, part});
            }
        }
    }

    private void toDevice(long address, long bytes) {
        check(() -> JCudaDriver.cuMemcpyHtoDAsync(at(address), stagingPointer, bytes, stream), "copying to " + name);
        check(() -> JCudaDriver.cuStreamSynchronize(stream), "copying to " + name);
    }

    private void fromDevice(long address, long bytes) {
        check(() -> JCudaDriver.cuMemcpyDtoHAsync(stagingPointer, at(address), bytes, stream), "copying from " + name);
        check(() -> JCudaDriver.cuStreamSynchronize(stream), "copying from " + name);
    }

    @Override
    void enqueue(KernelTable.Kernel kernel, Launch shape, long[] words) {
        try (Current entered = enter()) {
            if (byCublas.contains(kernel.name()) && CublasProducts.does(words)) {
                cublas.multiply(kernel.name(), words);
            } else {
                launch(kernel, shape, words);
            }
        }
    }

    private void launch(KernelTable.Kernel kernel, Launch shape, long[] words) {
        Function function = function(kernel.name());
        int block = switch (shape.kind()) {
            case ELEMENTS, ROWS -> block(256, function);
            case BLOCKS -> block(1024, function);
            case TILES -> function.mostThreads;
        };
        long x = shape.kind() == Launch.Kind.ELEMENTS
            ? Math.min((shape.x() + block - 1) / block, 32L * multiprocessors) : shape.x();
        for (int i = 0; i < words.length; i++) {
            arguments.putLong(8 * i, words[i]);
        }
        check(() -> JCudaDriver.cuLaunchKernel(function.handle, Math.toIntExact(x), shape.y(), shape.z(), block, 1, 1, 0, stream,
            argumentLists[words.length], null), "launching " + kernel.name() + " on " + name);
    }

    /** The largest block of a kernel on this device, or the block that it declares. */
    int mostThreads(String kernel) {
        try (Current entered = enter()) {
            return function(kernel).mostThreads;
        }
    }

    private int block(int wanted, Function function) {
        return Math.min(forcedBlock > 0 ? forcedBlock : wanted, function.mostThreads);
    }

    private Function function(String kernel) {
        Function known = functions.get(kernel);
        if (known != null) {
            return known;
        }
        CUmodule module = moduleOf.get(kernel);
        if (module == null) {
            throw new AdiwException(
                "the PTX has no kernel " + kernel + ": the jar was built incompletely; build it again with mvn package");
        }
        CUfunction handle = new CUfunction();
        check(() -> JCudaDriver.cuModuleGetFunction(handle, module, kernel), "looking up " + kernel);
        int[] most = new int[1];
        check(() -> JCudaDriver.cuFuncGetAttribute(most, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, handle),
            "asking for the block of " + kernel);
        Function function = new Function(handle, most[0] < 32 ? most[0] : most[0] & ~31);
        functions.put(kernel, function);
        return function;
    }

    @Override
    void enqueueCopy(long target, long source, long bytes) {
        try (Current entered = enter()) {
            check(() -> JCudaDriver.cuMemcpyDtoDAsync(at(target), at(source), bytes, stream), "copying on " + name);
        }
    }

    @Override
    void enqueueZero(long target, long bytes) {
        try (Current entered = enter()) {
            check(() -> JCudaDriver.cuMemsetD8Async(at(target), (byte) 0, bytes, stream), "zeroing on " + name);
        }
    }

    @Override
    void beginRecording() {
        try (Current entered = enter()) {
            check(() -> JCudaDriver.cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                "recording on " + name);
            capturing = true;
        }
    }

    @Override
    Recorded endRecording() {
        try (Current entered = enter()) {
            CUgraph graph = new CUgraph();
            capturing = false;
            check(() -> JCudaDriver.cuStreamEndCapture(stream, graph), "recording on " + name);
            CUgraphExec executable = new CUgraphExec();
            try {
                check(() -> JCudaDriver.cuGraphInstantiate(executable, graph, 0), "recording on " + name);
            } finally {
                CudaDriver.result(() -> JCudaDriver.cuGraphDestroy(graph));
            }
            return new CudaGraph(executable);
        }
    }

    @Override
    void abandonRecording() {
        if (capturing) {
            capturing = false;
            try (Current entered = enter()) {
                CUgraph graph = new CUgraph();
                if (CudaDriver.result(() -> JCudaDriver.cuStreamEndCapture(stream, graph)) == 0) {
                    CudaDriver.result(() -> JCudaDriver.cuGraphDestroy(graph));
                }
            }
        }
    }

    @Override
    void shutDown() {
        try (Current entered = enter()) {
            CudaDriver.result(() -> JCudaDriver.cuStreamSynchronize(stream));
            release();
        }
    }

    /** Gives back what opening has taken, as far as it came. */
    private void release() {
        try {
            closeCublas();
        } finally {
            modules.forEach(module -> CudaDriver.result(() -> JCudaDriver.cuModuleUnload(module)));
            if (ownStream) {
                CudaDriver.result(() -> JCudaDriver.cuStreamDestroy(stream));
            }
            CudaDriver.result(() -> JCudaDriver.cuDevicePrimaryCtxRelease(device));
        }
    }

    /** Puts the caller's context back. */
    private interface Current extends AutoCloseable {
        @Override
        void close();
    }

    /** Makes the context current in this thread until what it gives is closed: other programs' threads have contexts of their own. */
    private Current enter() {
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

    private void check(IntSupplier call, String doing) {
        check(CudaDriver.result(call), doing);
    }

    private void check(int result, String doing) {
        if (result != 0) {
            lost |= result >= 700 && result < 720;
            CudaDriver.check(result, doing);
        }
    }

    private static CUdeviceptr at(long address) {
        return new CUdeviceptr().withByteOffset(address);
    }

    private final class CudaGraph extends Recorded {
        private final CUgraphExec executable;

        CudaGraph(CUgraphExec executable) {
            this.executable = executable;
        }

        @Override
        void enqueue() {
            try (Current entered = enter()) {
                check(() -> JCudaDriver.cuGraphLaunch(executable, stream), "replaying a graph");
            }
        }

        @Override
        void free() {
            try (Current entered = enter()) {
                CudaDriver.result(() -> JCudaDriver.cuGraphExecDestroy(executable));
            }
        }
    }
}
