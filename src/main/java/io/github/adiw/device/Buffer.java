package io.github.adiw.device;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * Raw memory of a {@link Device}: an element type and a length, row-major where a shape is spoken of.
 *
 * <p><b>Lifetime.</b> A buffer from {@link Device#allocate} owns its memory and frees it in {@link #close}; a slice or a
 * wrapped address owns nothing. Slices die with the buffer that they were cut from. Closing twice does nothing; any other
 * use after {@code close} throws {@link IllegalStateException}. Graphs keep addresses, not buffers: close graphs first,
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
    private final boolean owner;
    private boolean closed;

    Buffer(Device device, ElementType type, long address, long length, Buffer parent, boolean owner) {
        this.device = device;
        this.type = type;
        this.address = address;
        this.length = length;
        this.parent = parent;
        this.owner = owner;
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
     * @throws IllegalStateException if closed
     */
    public long address() {
        for (Buffer b = this; b != null; b = b.parent) {
            if (b.closed) {
                throw new IllegalStateException("the buffer is closed (" + type + " [" + length + "])");
            }
        }
        return address;
    }

    /**
     * Elements {@code offset} to {@code offset + count - 1} as a buffer of their own, without a copy.
     *
     * @throws IndexOutOfBoundsException if they do not lie inside
     */
    public Buffer slice(long offset, long count) {
        check(offset, count);
        return new Buffer(device, type, address() + offset * type.bytes(), count, this, false);
    }

    /**
     * Copies all of {@code source} into the first elements.
     *
     * @throws IllegalArgumentException  if the types differ
     * @throws IndexOutOfBoundsException if {@code source} is longer
     * @throws IllegalStateException     if closed, or while a graph is recorded
     */
    public void upload(float[] source) {
        upload(ElementType.FLOAT32, source, source.length);
    }

    /** As {@link #upload(float[])}, for {@link ElementType#FLOAT64}. */
    public void upload(double[] source) {
        upload(ElementType.FLOAT64, source, source.length);
    }

    /** As {@link #upload(float[])}, for {@link ElementType#INT32}. */
    public void upload(int[] source) {
        upload(ElementType.INT32, source, source.length);
    }

    /** As {@link #upload(float[])}, for {@link ElementType#INT64}. */
    public void upload(long[] source) {
        upload(ElementType.INT64, source, source.length);
    }

    /** As {@link #upload(float[])}, for {@link ElementType#UINT8}. */
    public void upload(byte[] source) {
        upload(ElementType.UINT8, source, source.length);
    }

    /**
     * Copies the remaining bytes of a direct buffer in native byte order into the first elements.
     *
     * @throws IllegalArgumentException  if it is not direct, is not in native byte order, or holds no whole number of elements
     * @throws IndexOutOfBoundsException if it is longer
     */
    public void upload(ByteBuffer source) {
        long count = elements(source);
        check(0, count);
        try {
            device.copyIn(address(), HostRuntime.directAddress(source) + source.position(), count * type.bytes());
        } finally {
            Reference.reachabilityFence(source);        // or its memory might be freed under the copy
        }
    }

    /**
     * Copies the remaining elements of a direct buffer in native byte order into the first elements; its position stays.
     *
     * @throws IllegalArgumentException  if it is not direct, is not in native byte order, or the types do not match
     * @throws IndexOutOfBoundsException if it is longer
     */
    public void upload(FloatBuffer source) {
        long from = directAddress(ElementType.FLOAT32, source, source.order());
        try {
            device.copyIn(address(), from, (long) source.remaining() * type.bytes());
        } finally {
            Reference.reachabilityFence(source);
        }
    }

    /** As {@link #upload(FloatBuffer)}, for {@link ElementType#INT32}. */
    public void upload(IntBuffer source) {
        long from = directAddress(ElementType.INT32, source, source.order());
        try {
            device.copyIn(address(), from, (long) source.remaining() * type.bytes());
        } finally {
            Reference.reachabilityFence(source);
        }
    }

    /**
     * Copies the first elements into all of {@code target}.
     *
     * @throws IllegalArgumentException  if the types differ
     * @throws IndexOutOfBoundsException if {@code target} is longer
     * @throws IllegalStateException     if closed, or while a graph is recorded
     */
    public void download(float[] target) {
        download(ElementType.FLOAT32, target, target.length);
    }

    /** As {@link #download(float[])}, for {@link ElementType#FLOAT64}. */
    public void download(double[] target) {
        download(ElementType.FLOAT64, target, target.length);
    }

    /** As {@link #download(float[])}, for {@link ElementType#INT32}. */
    public void download(int[] target) {
        download(ElementType.INT32, target, target.length);
    }

    /** As {@link #download(float[])}, for {@link ElementType#INT64}. */
    public void download(long[] target) {
        download(ElementType.INT64, target, target.length);
    }

    /** As {@link #download(float[])}, for {@link ElementType#UINT8}. */
    public void download(byte[] target) {
        download(ElementType.UINT8, target, target.length);
    }

    /** Copies the first elements into the remaining bytes of a direct buffer. Errors as {@link #upload(ByteBuffer)}. */
    public void download(ByteBuffer target) {
        if (target.isReadOnly()) {
            throw new IllegalArgumentException("the ByteBuffer is read-only");
        }
        long count = elements(target);
        check(0, count);
        try {
            device.copyOut(address(), HostRuntime.directAddress(target) + target.position(), count * type.bytes());
        } finally {
            Reference.reachabilityFence(target);
        }
    }

    /** Copies the first elements into the remaining elements of a direct buffer. Errors as {@link #upload(FloatBuffer)}. */
    public void download(FloatBuffer target) {
        if (target.isReadOnly()) {
            throw new IllegalArgumentException("the FloatBuffer is read-only");
        }
        long to = directAddress(ElementType.FLOAT32, target, target.order());
        try {
            device.copyOut(address(), to, (long) target.remaining() * type.bytes());
        } finally {
            Reference.reachabilityFence(target);
        }
    }

    /** All elements, on the Java heap. Only for {@link ElementType#FLOAT32}. */
    public float[] toFloats() {
        float[] result = new float[Math.toIntExact(length)];
        download(result);
        return result;
    }

    /** All elements, on the Java heap. Only for {@link ElementType#INT32}. */
    public int[] toInts() {
        int[] result = new int[Math.toIntExact(length)];
        download(result);
        return result;
    }

    private void upload(ElementType given, Object array, int count) {
        match(given);
        check(0, count);
        device.copyIn(address(), array, (long) count * type.bytes());
    }

    private void download(ElementType given, Object array, int count) {
        match(given);
        check(0, count);
        device.copyOut(address(), array, (long) count * type.bytes());
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
     * @throws IllegalStateException while a graph is recorded
     */
    @Override
    public void close() {
        if (!closed && owner) {
            device.release(this, address);
        }
        closed = true;
    }
}
