package io.github.adiw.device;

import io.github.adiw.AdiwException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** This machine's processor. Launches run at once, on a pool of threads; a graph is a native list of launches. */
final class HostDevice extends Device {
    /** Elements below which it does not pay to give a second thread a share. */
    private static final long GRAIN = 4096;

    private final int threads;
    private final long pool;
    private final long[] copy = new long[3];
    private Recording recording;

    private HostDevice(KernelTable kernels, long pool) {
        super(kernels, new Holdings("host", () -> HostRuntime.destroyPool(pool)));
        this.pool = pool;
        this.threads = HostRuntime.threads(pool);
    }

    /**
     * Opens this machine's processor.
     *
     * @param threads at least 1; if the system does not give as many, there are fewer
     * @throws AdiwException if the native library cannot be used, or there is no memory left
     */
    static HostDevice open(int threads) {
        KernelTable kernels = HostRuntime.table();
        long pool = HostRuntime.createPool(threads);
        if (pool == 0) {
            throw noMemory("threads");
        }
        return new HostDevice(kernels, pool);
    }

    private static AdiwException noMemory(String what) {
        return new AdiwException("this machine has no memory left for " + what + ": use a smaller batch or less data");
    }

    /** How many take part in a launch. */
    int threads() {
        return threads;
    }

    @Override
    public String name() {
        return "host";
    }

    @Override
    public String description() {
        return processor() + ", " + threads + (threads == 1 ? " thread, " : " threads, ") + HostRuntime.instructionSet();
    }

    @Override
    public int multiprocessors() {
        return 0;
    }

    /** Images in a group of native/host/image_lanes.h with AVX-512; two groups with AVX2. */
    @Override
    public int samplesTogether() {
        return 16;
    }

    @Override
    public boolean prefersFewLaunches() {
        return false;
    }

    private static String processor() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
                if (line.startsWith("model name")) {
                    return line.substring(line.indexOf(':') + 1).trim();
                }
            }
        } catch (IOException e) {
            return "x86-64 processor";
        }
        return "x86-64 processor";
    }

    @Override
    public void synchronize() {
        notRecording("nothing can be waited for");
    }

    @Override
    public boolean hasClusters() {
        return false;
    }

    @Override
    long allocateBytes(long bytes) {
        long address = HostRuntime.allocate(bytes);
        if (address == 0) {
            throw new AdiwException(
                "this machine has no " + bytes + " bytes of memory left for a buffer: use a smaller batch or less data");
        }
        return address;
    }

    @Override
    Runnable releaseOf(long address) {
        return () -> HostRuntime.free(address);
    }

    @Override
    void copyIn(long address, Object array, long bytes) {
        HostRuntime.copyFromArray(address, array, 0, bytes);
    }

    @Override
    void copyOut(long address, Object array, long bytes) {
        HostRuntime.copyToArray(address, array, 0, bytes);
    }

    @Override
    void copyIn(long address, long hostAddress, long bytes) {
        copyNow(address, hostAddress, bytes);
    }

    @Override
    void copyOut(long address, long hostAddress, long bytes) {
        copyNow(hostAddress, address, bytes);
    }

    private void copyNow(long target, long source, long bytes) {
        copy[0] = target;
        copy[1] = source;
        copy[2] = bytes;
        run(HostRuntime.COPY_NODE, 1, 1, 1, copy);
    }

    @Override
    void enqueue(KernelTable.Kernel kernel, Launch shape, long[] words) {
        int x = switch (shape.kind()) {
            case ELEMENTS -> (int) Math.min((shape.x() + GRAIN - 1) / GRAIN, 4L * threads);
            case ROWS, BLOCKS, TILES -> Math.toIntExact(shape.x());
        };
        enqueue(kernel.index(), x, shape.y(), shape.z(), words);
    }

    @Override
    void enqueueCopy(long target, long source, long bytes) {
        enqueue(HostRuntime.COPY_NODE, 1, 1, 1, new long[] {target, source, bytes});
    }

    @Override
    void enqueueZero(long target, long bytes) {
        enqueue(HostRuntime.FILL_NODE, 1, 1, 1, new long[] {target, 0, bytes});
    }

    private void enqueue(int kernel, int x, int y, int z, long[] words) {
        if (recording != null) {
            recording.add(kernel, x, y, z, words);
        } else {
            run(kernel, x, y, z, words);
        }
    }

    private void run(int kernel, int x, int y, int z, long[] words) {
        if (!HostRuntime.launch(pool, kernel, x, y, z, words)) {
            throw noMemory("a launch");
        }
    }

    @Override
    void beginRecording() {
        recording = new Recording();
    }

    @Override
    Recorded endRecording() {
        long handle = recording.create(pool);
        if (handle == 0) {
            throw noMemory("a graph");
        }
        HostGraph graph = new HostGraph(handle, recording.nodes.size());
        recording = null;
        return graph;
    }

    @Override
    void abandonRecording() {
        recording = null;
    }

    private static final class Recording {
        private final List<int[]> nodes = new ArrayList<>();
        private final List<long[]> words = new ArrayList<>();
        private int wordCount;

        void add(int kernel, int x, int y, int z, long[] arguments) {
            nodes.add(new int[] {kernel, x, y, z, wordCount});
            words.add(arguments);
            wordCount += arguments.length;
        }

        long create(long pool) {
            return HostRuntime.createGraph(pool, nodes.stream().flatMapToInt(Arrays::stream).toArray(),
                words.stream().flatMapToLong(Arrays::stream).toArray());
        }
    }

    private final class HostGraph extends Recorded {
        private final long handle;

        HostGraph(long handle, int nodes) {
            super(nodes);
            this.handle = handle;
        }

        @Override
        void enqueue() {
            if (!HostRuntime.replayGraph(handle)) {
                throw noMemory("a launch of the graph");
            }
        }

        @Override
        Runnable releaseOf() {
            long freed = handle;        // not this
            return () -> HostRuntime.destroyGraph(freed);
        }
    }
}
