package io.github.adiw.device;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import jcuda.Pointer;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An NVIDIA GPU through JCuda's driver API, or the stand-in driver through the same calls: a {@link CudaSession}, graphs by stream capture.
 * Kernel arguments pass through one reused direct buffer, copies to and from the Java heap through another.
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
    private static final int MOST_THREADS = 1024;
    private static final int WARP = 32;

    private final String name;
    private final int ordinal;
    private final CudaSession session;
    private final CUstream stream;
    private final Map<String, CudaContext.Function> functions;
    private final int multiprocessors;
    private final boolean clusters;
    private final int forcedBlock;
    private final ByteBuffer arguments = ByteBuffer.allocateDirect(8 * MOST_ARGUMENTS).order(ByteOrder.nativeOrder());
    private final Pointer[] argumentLists = new Pointer[MOST_ARGUMENTS + 1];
    private final ByteBuffer staging = ByteBuffer.allocateDirect(STAGING_BYTES);
    private final Pointer stagingPointer = Pointer.to(staging);
    private final long stagingAddress = HostRuntime.directAddress(staging);
    private final Set<String> byCublas = new TreeSet<>();
    private CublasProducts cublas;
    private String products;
    private boolean capturing;

    private CudaDevice(String name, int ordinal, CUdevice device, Scope scope, CudaSession session) {
        super(HostRuntime.table(), new Holdings(name, scope::close));
        this.name = name;
        this.ordinal = ordinal;
        this.session = session;
        this.stream = session.stream();
        this.functions = session.gpu().functions();
        this.multiprocessors = CudaDriver.attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
        this.clusters = session.gpu().hasClusters();
        this.forcedBlock = Integer.getInteger(BLOCK_PROPERTY, 0);
        Pointer[] words = new Pointer[MOST_ARGUMENTS];
        for (int i = 0; i < MOST_ARGUMENTS; i++) {
            words[i] = Pointer.to(arguments).withByteOffset(8L * i);
        }
        for (int count = 0; count <= MOST_ARGUMENTS; count++) {
            argumentLists[count] = Pointer.to(java.util.Arrays.copyOf(words, count));
        }
        try (CudaSession.Current entered = session.enter()) {
            chooseProducts();
        }
    }

    private static CudaDevice open(String name, int ordinal, GpuKernels kernels, long givenStream) {
        CUdevice gpu = CudaDriver.device(ordinal);
        return Scope.building(scope -> new CudaDevice(name, ordinal, gpu, scope,
            scope.keep(CudaSession.open(name, ordinal, gpu, kernels, givenStream))));
    }

    /**
     * Opens a GPU.
     *
     * @throws UsageException if the machine has no GPU of that number, or the process runs the stand-in driver
     * @throws AdiwException  if there is no driver, it or the GPU is too old, or the jar has no PTX
     */
    static CudaDevice nvidia(int ordinal, long givenStream) {
        GpuKernels kernels = prepare(ordinal);
        return open("cuda:" + ordinal, ordinal, kernels, givenStream);
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
        return open("simt", 0, kernels, givenStream);
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
        CudaSession held = session;         // what closes later must not refer to this
        Scope taken = held.keep(Scope.open());
        try {
            long workspace = allocateBytes(CUBLAS_WORKSPACE);
            taken.keep(() -> held.free(workspace));
            cublas = taken.keep(new CublasProducts(stream, workspace, CUBLAS_WORKSPACE));
            if (forced) {
                byCublas.addAll(CublasProducts.KERNELS);
                products = "cuBLAS " + cublas.version();
            } else {
                measureProducts();
                products = byCublas.isEmpty() ? "the kernels" : "cuBLAS " + cublas.version() + " for " + String.join(", ", byCublas);
            }
        } catch (AdiwException e) {
            byCublas.clear();
            if (forced) {
                throw new AdiwException(PRODUCTS_PROPERTY + "=cublas, but " + e.getMessage(), e);
            }
            products = "the kernels, since " + e.getMessage();
        }
        if (byCublas.isEmpty()) {
            taken.close();
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
                Launch tiles = Launch.product(this, size, size);
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
            session.free(address);
        }
    }

    private double microseconds(Runnable product) {
        int count = 20;
        product.run();
        waitForMeasured();
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            product.run();
        }
        waitForMeasured();
        return (System.nanoTime() - start) * 1e-3 / count;
    }

    /** As {@link #synchronize}, which would make the device the thread's that opens it. */
    private void waitForMeasured() {
        session.check(() -> JCudaDriver.cuStreamSynchronize(stream), "waiting for a product measured on " + name);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String description() {
        return CudaDriver.describeDevices().get(ordinal) + ", driver for CUDA " + GpuKernels.versionText(CudaDriver.version())
            + ", kernels as " + session.gpu().form() + ", plain matrix products by " + products;
    }

    @Override
    public int multiprocessors() {
        return multiprocessors;
    }

    @Override
    public int samplesTogether() {
        return 1;
    }

    @Override
    public boolean prefersFewLaunches() {
        return true;
    }

    @Override
    public void synchronize() {
        notRecording("nothing can be waited for");
        try (CudaSession.Current entered = session.enter()) {
            session.check(() -> JCudaDriver.cuStreamSynchronize(stream), "waiting for " + name);
        }
    }

    @Override
    public boolean hasClusters() {
        return clusters;
    }

    @Override
    long allocateBytes(long bytes) {
        return session.allocate(bytes);
    }

    @Override
    Runnable releaseOf(long address) {
        CudaSession held = session;         // not this
        return () -> held.free(address);
    }

    @Override
    void copyIn(long address, Object array, long bytes) {
        try (CudaSession.Current entered = session.enter()) {
            for (long done = 0; done < bytes; done += STAGING_BYTES) {
                long part = Math.min(STAGING_BYTES, bytes - done);
                HostRuntime.copyFromArray(stagingAddress, array, done, part);
                toDevice(address + done, part);
            }
        }
    }

    @Override
    void copyOut(long address, Object array, long bytes) {
        try (CudaSession.Current entered = session.enter()) {
            for (long done = 0; done < bytes; done += STAGING_BYTES) {
                long part = Math.min(STAGING_BYTES, bytes - done);
                fromDevice(address + done, part);
                HostRuntime.copyToArray(stagingAddress, array, done, part);
            }
        }
    }

    @Override
    void copyIn(long address, long hostAddress, long bytes) {
        try (CudaSession.Current entered = session.enter()) {
            for (long done = 0; done < bytes; done += STAGING_BYTES) {
                long part = Math.min(STAGING_BYTES, bytes - done);
                HostRuntime.launch(0, HostRuntime.COPY_NODE, 1, 1, 1, new long[] {stagingAddress, hostAddress + done, part});
                toDevice(address + done, part);
            }
        }
    }

    @Override
    void copyOut(long address, long hostAddress, long bytes) {
        try (CudaSession.Current entered = session.enter()) {
            for (long done = 0; done < bytes; done += STAGING_BYTES) {
                long part = Math.min(STAGING_BYTES, bytes - done);
                fromDevice(address + done, part);
                HostRuntime.launch(0, HostRuntime.COPY_NODE, 1, 1, 1, new long[] {hostAddress + done, stagingAddress, part});
            }
        }
    }

    private void toDevice(long address, long bytes) {
        session.check(() -> JCudaDriver.cuMemcpyHtoDAsync(at(address), stagingPointer, bytes, stream), "copying to " + name);
        session.check(() -> JCudaDriver.cuStreamSynchronize(stream), "copying to " + name);
    }

    private void fromDevice(long address, long bytes) {
        session.check(() -> JCudaDriver.cuMemcpyDtoHAsync(stagingPointer, at(address), bytes, stream), "copying from " + name);
        session.check(() -> JCudaDriver.cuStreamSynchronize(stream), "copying from " + name);
    }

    @Override
    void enqueue(KernelTable.Kernel kernel, Launch shape, long[] words) {
        try (CudaSession.Current entered = session.enter()) {
            String product = cublas == null ? null : CublasProducts.plain(kernel.name());
            if (product != null && byCublas.contains(product) && CublasProducts.does(words)) {
                cublas.multiply(product, words);
            } else {
                launch(kernel, shape, words);
            }
        }
    }

    private void launch(KernelTable.Kernel kernel, Launch shape, long[] words) {
        CudaContext.Function function = function(kernel.name());
        int block = switch (shape.kind()) {
            case ELEMENTS, ROWS -> block(256, function);
            case BLOCKS -> block(usefulThreads(shape.each()), function);
            case TILES -> function.mostThreads();
        };
        long x = shape.kind() == Launch.Kind.ELEMENTS
            ? Math.min((shape.x() + block - 1) / block, 32L * multiprocessors) : shape.x();
        for (int i = 0; i < words.length; i++) {
            arguments.putLong(8 * i, words[i]);
        }
        session.check(() -> JCudaDriver.cuLaunchKernel(function.handle(), Math.toIntExact(x), shape.y(), shape.z(), block, 1, 1, 0, stream,
            argumentLists[words.length], null), "launching " + kernel.name() + " on " + name);
    }

    /** The largest block of a kernel on this device, or the block that it declares. */
    int mostThreads(String kernel) {
        return function(kernel).mostThreads();
    }

    /** Whole warps for so many elements, as many as a block may have where that is not said. */
    private static int usefulThreads(long elements) {
        return elements == 0 ? MOST_THREADS : (int) Math.min(MOST_THREADS, (elements + WARP - 1) / WARP * WARP);
    }

    private int block(int wanted, CudaContext.Function function) {
        return Math.min(forcedBlock > 0 ? forcedBlock : wanted, function.mostThreads());
    }

    private CudaContext.Function function(String kernel) {
        CudaContext.Function function = functions.get(kernel);
        if (function == null) {
            throw new AdiwException(
                "the PTX has no kernel " + kernel + ": the jar was built incompletely; build it again with mvn package");
        }
        return function;
    }

    @Override
    void enqueueCopy(long target, long source, long bytes) {
        try (CudaSession.Current entered = session.enter()) {
            session.check(() -> JCudaDriver.cuMemcpyDtoDAsync(at(target), at(source), bytes, stream), "copying on " + name);
        }
    }

    @Override
    void enqueueZero(long target, long bytes) {
        try (CudaSession.Current entered = session.enter()) {
            session.check(() -> JCudaDriver.cuMemsetD8Async(at(target), (byte) 0, bytes, stream), "zeroing on " + name);
        }
    }

    @Override
    void beginRecording() {
        try (CudaSession.Current entered = session.enter()) {
            session.check(() -> JCudaDriver.cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                "recording on " + name);
            capturing = true;
        }
    }

    @Override
    Recorded endRecording() {
        try (CudaSession.Current entered = session.enter()) {
            CUgraph graph = new CUgraph();
            capturing = false;
            session.check(() -> JCudaDriver.cuStreamEndCapture(stream, graph), "recording on " + name);
            CUgraphExec executable = new CUgraphExec();
            long[] nodes = new long[1];
            try {
                session.check(() -> JCudaDriver.cuGraphGetNodes(graph, null, nodes), "recording on " + name);
                session.check(() -> JCudaDriver.cuGraphInstantiate(executable, graph, 0), "recording on " + name);
            } finally {
                CudaDriver.result(() -> JCudaDriver.cuGraphDestroy(graph));
            }
            return new CudaGraph(executable, Math.toIntExact(nodes[0]));
        }
    }

    @Override
    void abandonRecording() {
        if (capturing) {
            capturing = false;
            try (CudaSession.Current entered = session.enter()) {
                CUgraph graph = new CUgraph();
                if (CudaDriver.result(() -> JCudaDriver.cuStreamEndCapture(stream, graph)) == 0) {
                    CudaDriver.result(() -> JCudaDriver.cuGraphDestroy(graph));
                }
            }
        }
    }

    private static CUdeviceptr at(long address) {
        return new CUdeviceptr().withByteOffset(address);
    }

    private final class CudaGraph extends Recorded {
        private final CUgraphExec executable;

        CudaGraph(CUgraphExec executable, int nodes) {
            super(nodes);
            this.executable = executable;
        }

        @Override
        void enqueue() {
            try (CudaSession.Current entered = session.enter()) {
                session.check(() -> JCudaDriver.cuGraphLaunch(executable, stream), "replaying a graph");
            }
        }

        @Override
        Runnable releaseOf() {
            CudaSession held = session;
            CUgraphExec freed = executable;
            return () -> held.free(freed);
        }
    }
}
