package io.github.adiw.device;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * A place where kernels run: it allocates buffers, launches kernels by name, and records launches as a {@link Graph}.
 * {@link Devices} opens one.
 *
 * <p><b>Order.</b> Launches, copies and replays take effect in the order in which they were called. They may return before
 * they are done; copies to and from the Java heap, and {@link #synchronize}, wait.
 *
 * <p><b>Threads.</b> A device, its buffers and its graphs belong to one thread at a time; hand them over with the usual
 * happens-before. Two devices, of the same kind or not, may be used from two threads. A buffer is used on its own device only.
 *
 * <p><b>Close order.</b> Graphs, buffers, device. {@link #close} frees whatever is still open.
 */
public abstract class Device implements AutoCloseable {
    static final String HEAP_COPY = "memory of the Java heap cannot be copied";
    private final KernelTable kernels;
    private final Set<Buffer> owned = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Set<Recorded> graphs = Collections.newSetFromMap(new IdentityHashMap<>());
    private boolean recording;
    private boolean closed;

    Device(KernelTable kernels) {
        this.kernels = kernels;
    }

    /** Short name as a user types it: {@code host}, {@code cuda:0}, {@code simt}. */
    public abstract String name();

    /** One line for a person: the processor or GPU, and what matters about it. */
    public abstract String description();

    /**
     * Waits until everything enqueued is done.
     *
     * @throws io.github.adiw.AdiwException if any of it failed
     * @throws IllegalStateException        if the device is closed, or while a graph is recorded
     */
    public abstract void synchronize();

    /**
     * Memory for {@code length} elements, contents undefined.
     *
     * @throws IllegalArgumentException     if {@code length} is negative
     * @throws IllegalStateException        while a graph is recorded
     * @throws io.github.adiw.AdiwException if there is not enough memory; it says how much was asked for
     */
    public final Buffer allocate(ElementType type, long length) {
        if (length < 0) {
            throw new IllegalArgumentException("a buffer's length must be at least 0, not " + length);
        }
        notRecording("memory cannot be allocated");
        long bytes = Math.max(type.bytes(), Math.multiplyExact(length, type.bytes()));
        Buffer buffer = new Buffer(this, type, allocateBytes(bytes), length, null, true);
        owned.add(buffer);
        return buffer;
    }

    /** A new buffer with a copy of {@code values}. */
    public final Buffer floats(float... values) {
        Buffer buffer = allocate(ElementType.FLOAT32, values.length);
        buffer.upload(values);
        return buffer;
    }

    /** A new buffer with a copy of {@code values}. */
    public final Buffer ints(int... values) {
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
        if (address == 0 || address % type.bytes() != 0 || length < 0) {
            throw new IllegalArgumentException("wrapping needs an address that is not 0 and is aligned to " + type.bytes()
                + " bytes, and a length of at least 0, not 0x" + Long.toHexString(address) + " and " + length);
        }
        open();
        return new Buffer(this, type, address, length, null, false);
    }

    /**
     * Launches a kernel.
     *
     * @param kernel    its name in {@code kernels/}
     * @param arguments {@link Buffer} (or null) for a pointer, {@link Integer}, {@link Long}, {@link Float}, {@link Double}
     * @throws IllegalArgumentException if there is no such kernel, or the arguments do not fit its declaration
     */
    public final void launch(String kernel, Launch shape, Object... arguments) {
        open();
        KernelTable.Kernel entry = kernels.get(kernel);
        if (entry.fixed() != (shape.kind() == Launch.Kind.TILES)) {
            throw new IllegalArgumentException(kernel + (entry.fixed() ? " has a fixed block: launch it over tiles"
                : " has no fixed block: launch it over elements, rows or one block"));
        }
        long[] words = KernelTable.words(entry, this, arguments);
        if (shape.x() > 0 && shape.y() > 0 && shape.z() > 0) {
            enqueue(entry, shape, words);
        }
    }

    /**
     * Copies all of {@code source} into the first elements of {@code target}, on the device.
     *
     * @throws IllegalArgumentException if the types differ, {@code source} is longer, or a buffer lies on another device
     */
    public final void copy(Buffer source, Buffer target) {
        open();
        if (source.device() != this || target.device() != this) {
            throw new IllegalArgumentException("both buffers must lie on " + name());
        }
        if (source.type() != target.type() || source.length() > target.length()) {
            throw new IllegalArgumentException("cannot copy " + source.type() + " [" + source.length() + "] into "
                + target.type() + " [" + target.length() + "]");
        }
        enqueueCopy(target.address(), source.address(), source.bytes());
    }

    /**
     * Sets every byte to zero.
     *
     * @throws IllegalArgumentException if the buffer lies on another device
     */
    public final void zero(Buffer target) {
        open();
        if (target.device() != this) {
            throw new IllegalArgumentException("the buffer must lie on " + name());
        }
        enqueueZero(target.address(), target.bytes());
    }

    /**
     * Records the launches and copies that {@code work} makes, without running them. While it records, nothing else is done on the
     * device: allocating and closing buffers, copies to and from the Java heap, replays and {@link #synchronize} are refused.
     *
     * @throws IllegalStateException if called inside another recording
     */
    public final Graph record(Runnable work) {
        open();
        if (recording) {
            throw new IllegalStateException("a graph is being recorded already");
        }
        recording = true;
        Recorded graph = null;
        try {
            beginRecording();
            work.run();
            graph = endRecording();
        } finally {
            recording = false;
            if (graph == null) {
                abandonRecording();
            }
        }
        graphs.add(graph);
        return graph;
    }

    /** Whether a graph is being recorded. */
    public final boolean isRecording() {
        return recording;
    }

    /**
     * Frees every graph and buffer that is still open, then the device. A second call does nothing.
     *
     * @throws IllegalStateException while a graph is recorded
     */
    @Override
    public final void close() {
        if (closed) {
            return;
        }
        notRecording("the device cannot be closed");
        RuntimeException failure = null;
        List<Runnable> all = new ArrayList<>();
        graphs.forEach(graph -> all.add(graph::close));
        owned.forEach(buffer -> all.add(buffer::close));
        all.add(() -> closed = true);
        all.add(this::shutDown);
        for (Runnable one : all) {
            try {
                one.run();
            } catch (RuntimeException e) {
                failure = failure == null ? e : failure;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** A graph, which its device closes at the latest. */
    abstract class Recorded implements Graph {
        private boolean released;

        @Override
        public final void replay() {
            if (released) {
                throw new IllegalStateException("the graph is closed");
            }
            notRecording("a graph cannot be replayed");
            enqueue();
        }

        @Override
        public final void close() {
            if (!released) {
                notRecording("a graph cannot be closed");
                released = true;
                graphs.remove(this);
                free();
            }
        }

        abstract void enqueue();

        abstract void free();
    }

    /** Names of all kernels. */
    public final String[] kernelNames() {
        return kernels.all().stream().map(KernelTable.Kernel::name).toArray(String[]::new);
    }

    final void release(Buffer buffer, long address) {
        if (owned.contains(buffer)) {
            notRecording("a buffer cannot be closed");
            owned.remove(buffer);
            freeBytes(address);
        }
    }

    final void open() {
        if (closed) {
            throw new IllegalStateException("the device " + name() + " is closed");
        }
    }

    /** @throws IllegalStateException if the device is closed, or {@code what} while a graph is recorded */
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

    abstract void freeBytes(long address);

    /** From a primitive array to device memory; waits. Refused while a graph is recorded. */
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

    /** Waits and releases the device itself; all its buffers are closed. */
    abstract void shutDown();
}
