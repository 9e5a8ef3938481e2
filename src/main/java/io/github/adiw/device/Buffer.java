package io.github.adiw.device;

import io.github.adiw.UsageException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;

/**
 * Raw memory of a {@link Device}: an element type and a length, row-major where a shape is spoken of.
 *
 * <p><b>Lifetime.</b> A buffer from {@link Device#allocate} owns its memory and frees it in {@link #close}; a slice or a
 * wrapped address owns nothing. Slices die with the buffer that they were cut from. Closing twice does nothing; any other
 * use after {@code close} throws {@link IllegalStateException}, replays of graphs that use the buffer included: close graphs first,
 * then buffers, then the device (which frees what is left).
 *
 * <p><b>Threads.</b> As its device: one thread at a time. Copies to and from the Java heap wait for all work enqueued
 * before them, and are refused while a graph is recorded.
 */
public final class Buffer implements AutoCloseable {
    private final Device device;
    private final ElementType type;
    private final long address;
    private final long length;
    private final Buffer parent;
    private Holdings.Holding holding;
    private Set<Device.Recorded> graphs = Set.of();
    private boolean closed;

    /** @param parent of a slice; else null */
    Buffer(Device device, ElementType type, long address, long length, Buffer parent) {
        this.device = device;
        this.type = type;
        this.address = address;
        this.length = length;
        this.parent = parent;
    }

    /** Makes this the owner of its memory. */
    void owns(Holdings.Holding memory) {
        holding = memory;
    }

    /** The buffer that this is a slice of, or this. */
    Buffer root() {
        Buffer root = this;
        while (root.parent != null) {
            root = root.parent;
        }
        return root;
    }

    /** A graph that is lost if this is closed; {@link #unusedBy} ends that. */
    void usedBy(Device.Recorded graph) {
        if (closed) {
            graph.lose(this);
        }
        if (graphs.isEmpty()) {
            graphs = Collections.newSetFromMap(new WeakHashMap<>(4));
        }
        graphs.add(graph);
    }

    void unusedBy(Device.Recorded graph) {
        graphs.remove(graph);
    }

    /** For messages: {@code FLOAT32 [100]}. */
    String shape() {
        return type + " [" + length + "]";
    }

    /** The device whose memory this is. */
    public Device device() {
        return device;
    }

    /** Type of the elements. */
    public ElementType type() {
        return type;
    }

    /** Number of elements. */
    public long length() {
        return length;
    }

    /** Size in bytes. */
    public long bytes() {
        return length * type.bytes();
    }

    /**
     * Address of the first element, in the device's address space.
     *
     * @throws IllegalStateException if it or its device is closed
     */
    public long address() {
        for (Buffer b = this; b != null; b = b.parent) {
            if (b.closed) {
                throw new IllegalStateException("the buffer is closed (" + shape() + ")");
            }
        }
        if (device.isClosed()) {
            throw new IllegalStateException("the device " + device.name() + " is closed, and its buffers with it");
        }
        return address;
    }

    /** Whether this and {@code other}, both of this device, have a byte in common. */
    boolean overlaps(Buffer other) {
        return address < other.address + other.bytes() && other.address < address + bytes();
    }

    /**
     * Elements {@code offset} to {@code offset + count - 1} as a buffer of their own, without a copy.
     *
     * @throws IndexOutOfBoundsException if they do not lie inside
     */
    public Buffer slice(long offset, long count) {
        check(offset, count);
        return new Buffer(device, type, address() + offset * type.bytes(), count, this);
    }

    /**
     * Copies all of {@code source} into the first elements.
     *
     * @throws IllegalArgumentException  if the types differ
     * @throws IndexOutOfBoundsException if {@code source} is longer
     * @throws IllegalStateException     if closed, or while a graph is recorded
     */
    public void upload(float[] source) {
        upload(ElementType.FLOAT32, source, UsageException.given("source", source).length);
    }

    /** As {@link #upload(float[])}, for {@link ElementType#FLOAT64}. */
    public void upload(double[] source) {
        upload(ElementType.FLOAT64, source, UsageException.given("source", source).length);
    }

    /** As {@link #upload(float[])}, for {@link ElementType#INT32}. */
    public void upload(int[] source) {
        upload(ElementType.INT32, source, UsageException.given("source", source).length);
    }

    /** As {@link #upload(float[])}, for {@link ElementType#INT64}. */
    public void upload(long[] source) {
        upload(ElementType.INT64, source, UsageException.given("source", source).length);
    }

    /** As {@link #upload(float[])}, for {@link ElementType#UINT8}. */
    public void upload(byte[] source) {
        upload(ElementType.UINT8, source, UsageException.given("source", source).length);
    }

    /**
     * Copies the remaining bytes of a direct buffer in native byte order into the first elements.
     *
     * @throws IllegalArgumentException  if it is not direct, is not in native byte order, or holds no whole number of elements
     * @throws IndexOutOfBoundsException if it is longer
     */
    public void upload(ByteBuffer source) {
        long count = elements(UsageException.given("source", source));
        check(0, count);
        copyIn(HostRuntime.directAddress(source) + source.position(), count, source);
    }

    /**
     * Copies the remaining elements of a direct buffer in native byte order into the first elements; its position stays.
     *
     * @throws IllegalArgumentException  if it is not direct, is not in native byte order, or the types do not match
     * @throws IndexOutOfBoundsException if it is longer
     */
    public void upload(FloatBuffer source) {
        copyIn(directAddress(ElementType.FLOAT32, UsageException.given("source", source), source.order()), source.remaining(), source);
    }

    /** As {@link #upload(FloatBuffer)}, for {@link ElementType#INT32}. */
    public void upload(IntBuffer source) {
        copyIn(directAddress(ElementType.INT32, UsageException.given("source", source), source.order()), source.remaining(), source);
    }

    /**
     * Copies the first elements into all of {@code target}.
     *
     * @throws IllegalArgumentException  if the types differ
     * @throws IndexOutOfBoundsException if {@code target} is longer
     * @throws IllegalStateException     if closed, or while a graph is recorded
     */
    public void download(float[] target) {
        download(ElementType.FLOAT32, target, UsageException.given("target", target).length);
    }

    /** As {@link #download(float[])}, for {@link ElementType#FLOAT64}. */
    public void download(double[] target) {
        download(ElementType.FLOAT64, target, UsageException.given("target", target).length);
    }

    /** As {@link #download(float[])}, for {@link ElementType#INT32}. */
    public void download(int[] target) {
        download(ElementType.INT32, target, UsageException.given("target", target).length);
    }

    /** As {@link #download(float[])}, for {@link ElementType#INT64}. */
    public void download(long[] target) {
        download(ElementType.INT64, target, UsageException.given("target", target).length);
    }

    /** As {@link #download(float[])}, for {@link ElementType#UINT8}. */
    public void download(byte[] target) {
        download(ElementType.UINT8, target, UsageException.given("target", target).length);
    }

    /** Copies the first elements into the remaining bytes of a direct buffer. Errors as {@link #upload(ByteBuffer)}. */
    public void download(ByteBuffer target) {
        if (UsageException.given("target", target).isReadOnly()) {
            throw new IllegalArgumentException("the ByteBuffer is read-only");
        }
        long count = elements(target);
        check(0, count);
        copyOut(HostRuntime.directAddress(target) + target.position(), count, target);
    }

    /** Copies the first elements into the remaining elements of a direct buffer. Errors as {@link #upload(FloatBuffer)}. */
    public void download(FloatBuffer target) {
        if (UsageException.given("target", target).isReadOnly()) {
            throw new IllegalArgumentException("the FloatBuffer is read-only");
        }
        copyOut(directAddress(ElementType.FLOAT32, target, target.order()), target.remaining(), target);
    }

    /** All elements, on the Java heap. Only for {@link ElementType#FLOAT32}. */
    public float[] toFloats() {
        float[] result = new float[arrayLength()];
        download(result);
        return result;
    }

    /** All elements, on the Java heap. Only for {@link ElementType#INT32}. */
    public int[] toInts() {
        int[] result = new int[arrayLength()];
        download(result);
        return result;
    }

    private int arrayLength() {
        if (length > Integer.MAX_VALUE) {
            throw new IllegalStateException("the buffer (" + shape() + ") is longer than a Java array can be: download slices of it");
        }
        return (int) length;
    }

    private void upload(ElementType given, Object array, int count) {
        match(given);
        check(0, count);
        device.notRecording(Device.HEAP_COPY);
        try {
            device.copyIn(address(), array, (long) count * type.bytes());
        } finally {
            Reference.reachabilityFence(this);      // or its device might be closed under the copy
        }
    }

    private void download(ElementType given, Object array, int count) {
        match(given);
        check(0, count);
        device.notRecording(Device.HEAP_COPY);
        try {
            device.copyOut(address(), array, (long) count * type.bytes());
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private void copyIn(long hostAddress, long count, java.nio.Buffer source) {
        device.notRecording(Device.HEAP_COPY);
        try {
            device.copyIn(address(), hostAddress, count * type.bytes());
        } finally {
            Reference.reachabilityFence(source);
            Reference.reachabilityFence(this);
        }
    }

    private void copyOut(long hostAddress, long count, java.nio.Buffer target) {
        device.notRecording(Device.HEAP_COPY);
        try {
            device.copyOut(address(), hostAddress, count * type.bytes());
        } finally {
            Reference.reachabilityFence(target);
            Reference.reachabilityFence(this);
        }
    }

    private long directAddress(ElementType given, java.nio.Buffer buffer, ByteOrder order) {
        match(given);
        if (!buffer.isDirect() || order != ByteOrder.nativeOrder()) {
            throw new IllegalArgumentException("the " + given + " buffer must be direct and in native byte order"
                + " (ByteBuffer.allocateDirect(...).order(ByteOrder.nativeOrder()))");
        }
        check(0, buffer.remaining());
        return HostRuntime.directAddress(buffer) + (long) buffer.position() * type.bytes();
    }

    private void match(ElementType given) {
        if (given != type) {
            throw new IllegalArgumentException("the buffer holds " + type + ", the array " + given);
        }
    }

    private long elements(ByteBuffer buffer) {
        if (!buffer.isDirect() || type.bytes() > 1 && buffer.order() != ByteOrder.nativeOrder()) {
            throw new IllegalArgumentException("the ByteBuffer must be direct and in native byte order"
                + " (ByteBuffer.allocateDirect(...).order(ByteOrder.nativeOrder()))");
        }
        if (buffer.remaining() % type.bytes() != 0) {
            throw new IllegalArgumentException(buffer.remaining() + " bytes are no whole number of " + type);
        }
        return buffer.remaining() / type.bytes();
    }

    private void check(long offset, long count) {
        if (offset < 0 || count < 0 || count > length - offset) {
            throw new IndexOutOfBoundsException("elements " + offset + " to " + (offset + count) + " of a buffer of " + length);
        }
    }

    /**
     * Frees the memory if this buffer owns it. A second call does nothing.
     *
     * @throws IllegalStateException if its device belongs to another thread, or while a graph is recorded
     */
    @Override
    public void close() {
        if (!closed && holding != null) {
            device.release(holding);
        }
        closed = true;
        graphs.forEach(graph -> graph.lose(this));
    }
}
