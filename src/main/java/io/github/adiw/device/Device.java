package io.github.adiw.device;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A place where kernels run: it allocates buffers, launches kernels by name, and records launches as a {@link Graph}.
 * {@link Devices} opens one.
 *
 * <p><b>Order.</b> Launches, copies and replays take effect in the order in which they were called. They may return before
 * they are done; copies to and from the Java heap, and {@link #synchronize}, wait.
 *
 * <p><b>Threads.</b> A device, its buffers and its graphs belong to one thread at a time: the first that uses them (allocates, launches,
 * copies, records, replays, waits or closes), until it calls {@link #handOver} or ends. Then they belong to the next thread that uses them,
 * which sees everything that was done before. Any other thread gets an {@link IllegalStateException}, every time, and nothing is done. Two
 * devices, of the same kind or not, may be used from two threads. A buffer is used on its own device only.
 *
 * <p><b>Close order.</b> Graphs, buffers, device. {@link #close} frees whatever is still open.
 *
 * <p><b>Forgotten.</b> Buffers and graphs that nobody closed and nothing refers to any more are freed when their device next allocates or
 * records, by the thread that it belongs to; a device to which, with its buffers and graphs, nothing refers is closed by a thread of the
 * library's. Both wait for the garbage collector, which knows nothing of device memory. The log says at level warn, once, that something
 * was forgotten; with the system property {@code adiw.trace=true}, where each such thing was made.
 */
public abstract class Device implements AutoCloseable {
    static final String HEAP_COPY = "memory of the Java heap cannot be copied";
    private final KernelTable kernels;
    private final Holdings holdings;
    private final Map<Buffer, String> recorded = new HashMap<>();
    private final AtomicReference<Thread> owner = new AtomicReference<>();
    private boolean recording;
    private boolean closed;

    /** @param holdings of this device, which it closes */
    Device(KernelTable kernels, Holdings holdings) {
        this.kernels = kernels;
        this.holdings = holdings;
    }

    /** Once it is open: it is closed at the latest when nothing refers to it any more. */
    final Device opened() {
        holdings.cleanWith(this);
        return this;
    }

    /** Short name as a user types it: {@code host}, {@code cuda:0}, {@code simt}. */
    public abstract String name();

    /** One line for a person: the processor or GPU, and what matters about it. */
    public abstract String description();

    /**
     * Multiprocessors of a GPU: a launch of fewer blocks leaves some of them idle. 0 on the processor, whose calls cut their work
     * themselves.
     */
    public abstract int multiprocessors();

    /**
     * How many samples are best added up together where a sum over a batch is cut into parts: as many as vectors hold, which a smaller part
     * would leave empty; 1 where every sample has threads of its own.
     */
    public abstract int samplesTogether();

    /**
     * Whether a launch takes as long as the work of a small layer, so that a kernel for several layers pays; else each layer's own kernels,
     * which fill vectors better, are faster.
     */
    public abstract boolean prefersFewLaunches();

    /**
     * Waits until everything enqueued is done.
     *
     * @throws AdiwException         if any of it failed
     * @throws IllegalStateException if the device is closed, or while a graph is recorded
     */
    public abstract void synchronize();

    /**
     * Whether blocks of a launch can be clusters, which run at the same time and write each other's shared memory
     * ({@code kernels/cluster.cuh}).
     */
    public abstract boolean hasClusters();

    /**
     * Memory for {@code length} elements, contents undefined.
     *
     * @throws UsageException        if {@code length} is negative, or more than any memory has
     * @throws IllegalStateException while a graph is recorded
     * @throws AdiwException         if there is not enough memory; it says how much was asked for
     */
    public final Buffer allocate(ElementType type, long length) {
        UsageException.given("type", type);
        long most = Long.MAX_VALUE / type.bytes();
        if (length < 0 || length > most) {
            throw UsageException.of("length", "length must be 0 to " + most + " of " + type + ", not " + length);
        }
        notRecording("memory cannot be allocated");
        holdings.releaseForgotten();
        long address = reserve(Math.max(1, length) * type.bytes());
        Buffer buffer = new Buffer(this, type, address, length, null);
        buffer.owns(holdings.hold(buffer, "a buffer (" + buffer.shape() + ")", releaseOf(address)));
        return buffer;
    }

    /** Where memory is short, what was forgotten goes first. */
    private long reserve(long bytes) {
        try {
            return allocateBytes(bytes);
        } catch (AdiwException e) {
            int before = holdings.count();
            System.gc();
            holdings.releaseForgotten();
            if (holdings.count() == before) {
                throw e;
            }
            return allocateBytes(bytes);
        }
    }

    /** A new buffer with a copy of {@code values}. */
    public final Buffer floats(float... values) {
        UsageException.given("values", values);
        Buffer buffer = allocate(ElementType.FLOAT32, values.length);
        buffer.upload(values);
        return buffer;
    }

    /** A new buffer with a copy of {@code values}. */
    public final Buffer ints(int... values) {
        UsageException.given("values", values);
        Buffer buffer = allocate(ElementType.INT32, values.length);
        buffer.upload(values);
        return buffer;
    }

    /**
     * Memory of this device that somebody else owns, for example another library's tensor. It is not freed here, and must
     * stay valid as long as the buffer and graphs recorded with it are used. On a GPU, who writes or reads it on another stream than this
     * device's waits in between (there by synchronising that stream or the context, since a copy that has returned need not be done; here
     * by {@link #synchronize}), or opens the device on that stream ({@link Devices#openOnStream}).
     *
     * @param address in this device's address space, aligned to the element size
     */
    public final Buffer wrap(ElementType type, long address, long length) {
        UsageException.given("type", type);
        if (address == 0 || address % type.bytes() != 0 || length < 0) {
            throw new UsageException("wrapping needs an address that is not 0 and is aligned to " + type.bytes()
                + " bytes, and a length of at least 0, not 0x" + Long.toHexString(address) + " and " + length);
        }
        open();
        return new Buffer(this, type, address, length, null);
    }

    /**
     * Launches a kernel.
     *
     * <p>Types of arguments are checked, lengths of buffers are not, since only the kernel knows them: {@link #require} is for that.
     *
     * @param kernel    its name in {@code kernels/}
     * @param arguments {@link Buffer} (or null) for a pointer, {@link Integer}, {@link Long}, {@link Float}, {@link Double}
     * @throws IllegalArgumentException if there is no such kernel, the arguments do not fit its declaration, or one that it only reads (a
     *                                  pointer to const) overlaps one that it writes
     */
    public final void launch(String kernel, Launch shape, Object... arguments) {
        open();
        UsageException.given("kernel", kernel);
        UsageException.given("shape", shape);
        UsageException.given("arguments", arguments);
        KernelTable.Kernel entry = kernels.get(kernel);
        if (entry.fixed() != (shape.kind() == Launch.Kind.TILES)) {
            throw new IllegalArgumentException(kernel + (entry.fixed() ? " has a fixed block: launch it over tiles"
                : " has no fixed block: launch it over elements, rows or one block"));
        }
        long[] words = KernelTable.words(entry, this, arguments);
        if (shape.x() == 0 || shape.y() == 0 || shape.z() == 0) {
            return;
        }
        if (recording) {
            for (int i = 0; i < arguments.length; i++) {
                note(arguments[i], "argument " + (i + 1) + " of " + kernel);
            }
        }
        try {
            enqueue(entry, shape, words);
        } finally {
            Reference.reachabilityFence(this);      // or it might be closed under the launch
        }
    }

    /**
     * Refuses a buffer that a kernel would read or write beyond its end, or as what it is not. Whoever takes buffers and launches kernels
     * asks before the first launch; it waits for nothing.
     *
     * @param parameter what takes the buffer, for the message
     * @param shape     whose elements it must have, no more and no less
     * @throws UsageException if it is null, of another type, length or device
     */
    public final void require(String parameter, Buffer buffer, ElementType type, long... shape) {
        long length = 1;
        for (long size : shape) {
            length *= size;
        }
        if (UsageException.given(parameter, buffer).type() != type || buffer.length() != length || buffer.device() != this) {
            throw unfit(parameter, buffer, type + " " + Arrays.toString(shape));
        }
    }

    /**
     * As {@link #require(String, Buffer, ElementType, long...)}, whatever the length.
     *
     * @throws UsageException if it is null, of another type or device
     */
    public final void require(String parameter, Buffer buffer, ElementType type) {
        if (UsageException.given(parameter, buffer).type() != type || buffer.device() != this) {
            throw unfit(parameter, buffer, type.toString());
        }
    }

    private UsageException unfit(String parameter, Buffer buffer, String wanted) {
        String other = buffer.device().name();
        boolean namesake = buffer.device() != this && other.equals(name());
        return UsageException.of(parameter, parameter + " must be " + wanted + " on " + name() + ", not " + buffer.shape() + " on "
            + (namesake ? "another device of that name" : other));
    }

    /** A graph that is being recorded uses this, if it is a buffer. */
    private void note(Object used, String as) {
        if (recording && used instanceof Buffer buffer) {
            recorded.putIfAbsent(buffer.root(), as);
        }
    }

    /**
     * Copies all of {@code source} into the first elements of {@code target}, on the device.
     *
     * @throws IllegalArgumentException if the types differ, {@code source} is longer, or a buffer lies on another device
     */
    public final void copy(Buffer source, Buffer target) {
        open();
        UsageException.given("source", source);
        UsageException.given("target", target);
        if (source.device() != this || target.device() != this) {
            throw new IllegalArgumentException("both buffers must lie on " + name());
        }
        if (source.type() != target.type() || source.length() > target.length()) {
            throw new IllegalArgumentException("cannot copy " + source.type() + " [" + source.length() + "] into "
                + target.type() + " [" + target.length() + "]");
        }
        note(source, "the source of a copy");
        note(target, "the target of a copy");
        if (source.bytes() > 0) {
            enqueueCopy(target.address(), source.address(), source.bytes());
        }
    }

    /**
     * Sets every byte to zero.
     *
     * @throws IllegalArgumentException if the buffer lies on another device
     */
    public final void zero(Buffer target) {
        open();
        UsageException.given("target", target);
        if (target.device() != this) {
            throw new IllegalArgumentException("the buffer must lie on " + name());
        }
        note(target, "zeroed");
        if (target.bytes() > 0) {
            enqueueZero(target.address(), target.bytes());
        }
    }

    /**
     * Records the launches and copies that {@code work} makes, without running them. While it records, nothing else is done on the
     * device: allocating and closing buffers, copies to and from the Java heap, replays and {@link #synchronize} are refused.
     *
     * @throws IllegalStateException if called inside another recording
     */
    public final Graph record(Runnable work) {
        open();
        UsageException.given("work", work);
        if (recording) {
            throw new IllegalStateException("a graph is being recorded already");
        }
        holdings.releaseForgotten();
        recording = true;
        Recorded graph = null;
        try {
            beginRecording();
            work.run();
            graph = endRecording();
        } finally {
            recording = false;
            if (graph == null) {
                recorded.clear();
                abandonRecording();
            }
        }
        graph.own(holdings.hold(graph, "a graph", graph.releaseOf()), Map.copyOf(recorded));
        recorded.clear();
        return graph;
    }

    /** Whether a graph is being recorded. */
    public final boolean isRecording() {
        return recording;
    }

    /**
     * Lets another thread have this device, its buffers and its graphs: the next that uses one of them.
     *
     * @throws IllegalStateException if the device belongs to another thread or is closed, or while a graph is recorded
     */
    public final void handOver() {
        notRecording("the device cannot be handed over");
        owner.set(null);
    }

    /**
     * Frees every graph and buffer that is still open, then the device. A second call does nothing.
     *
     * @throws IllegalStateException if the device belongs to another thread, or while a graph is recorded
     */
    @Override
    public final void close() {
        own();
        if (!closed) {
            notRecording("the device cannot be closed");
            closed = true;
            try {
                holdings.close();
            } finally {
                Reference.reachabilityFence(this);
            }
        }
        owner.set(null);
    }

    /** A graph, which its device closes at the latest. It refers to the buffers that it uses, and they, weakly, to it. */
    abstract class Recorded implements Graph {
        private Holdings.Holding holding;
        private Map<Buffer, String> uses;
        private final int nodes;
        private String lost;
        private boolean released;

        /** @param nodes launches and copies of the recording */
        Recorded(int nodes) {
            this.nodes = nodes;
        }

        @Override
        public final int nodes() {
            return nodes;
        }

        private void own(Holdings.Holding given, Map<Buffer, String> used) {
            holding = given;
            uses = used;
            uses.keySet().forEach(buffer -> buffer.usedBy(this));
        }

        /** That one is closed: there is nothing to replay any more. */
        final void lose(Buffer buffer) {
            if (lost == null) {
                lost = buffer.shape() + ", " + uses.get(buffer);
            }
        }

        @Override
        public final void replay() {
            if (released) {
                throw new IllegalStateException("the graph is closed");
            }
            notRecording("a graph cannot be replayed");
            if (lost != null) {
                throw new IllegalStateException("the graph cannot be replayed: it uses a buffer that has been closed (" + lost
                    + "); close a graph before its buffers");
            }
            try {
                enqueue();
            } finally {
                Reference.reachabilityFence(this);      // and with it its buffers and the device
            }
        }

        @Override
        public final void close() {
            if (!released && !closed) {
                notRecording("a graph cannot be closed");
                uses.keySet().forEach(buffer -> buffer.unusedBy(this));
                holdings.release(holding);
            }
            released = true;
        }

        abstract void enqueue();

        /** Frees the recording; does not refer to this object or the device. */
        abstract Runnable releaseOf();
    }

    /** Names of all kernels. */
    public final String[] kernelNames() {
        return kernels.all().stream().map(KernelTable.Kernel::name).toArray(String[]::new);
    }

    /** Closes a buffer of this device. */
    final void release(Holdings.Holding holding) {
        if (!closed) {
            notRecording("a buffer cannot be closed");
            holdings.release(holding);
        }
    }

    /** @throws IllegalStateException if the device belongs to another thread, or is closed */
    final void open() {
        own();
        if (closed) {
            throw new IllegalStateException("the device " + name() + " is closed");
        }
    }

    final boolean isClosed() {
        return closed;
    }

    /** Buffers and graphs that have not been given back. */
    final int holdings() {
        return holdings.count();
    }

    private void own() {
        Thread current = Thread.currentThread();
        Thread now = owner.get();
        if (now != current && (now != null && now.isAlive() || !owner.compareAndSet(now, current))) {
            Thread other = owner.get();
            throw new IllegalStateException("the device " + name() + " belongs to the thread " + (other == null ? "that used it just now"
                : other.getName()) + " and cannot be used by the thread " + current.getName() + ": call handOver() there first, or open a "
                + "device for each thread");
        }
    }

    /** @throws IllegalStateException as {@link #open}, or if {@code what} while a graph is recorded */
    final void notRecording(String what) {
        open();
        if (recording) {
            throw new IllegalStateException(what + " while a graph is recorded: do it before or after");
        }
    }

    final KernelTable kernels() {
        return kernels;
    }

    /** The address of at least {@code bytes} bytes, aligned to 64. */
    abstract long allocateBytes(long bytes);

    /** Frees what was allocated; does not refer to this object. */
    abstract Runnable releaseOf(long address);

    /** From a primitive array to device memory; waits. */
    abstract void copyIn(long address, Object array, long bytes);

    /** From device memory to a primitive array; waits. */
    abstract void copyOut(long address, Object array, long bytes);

    /** From an address of this process to device memory; waits. */
    abstract void copyIn(long address, long hostAddress, long bytes);

    /** From device memory to an address of this process; waits. */
    abstract void copyOut(long address, long hostAddress, long bytes);

    abstract void enqueue(KernelTable.Kernel kernel, Launch shape, long[] words);

    abstract void enqueueCopy(long target, long source, long bytes);

    abstract void enqueueZero(long target, long bytes);

    abstract void beginRecording();

    abstract Recorded endRecording();

    /** After a recording that failed: back to the state in which launches run. */
    abstract void abandonRecording();
}
