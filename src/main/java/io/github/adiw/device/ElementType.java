package io.github.adiw.device;

/** What a {@link Buffer} holds. */
public enum ElementType {
    FLOAT32(4), FLOAT64(8), INT32(4), INT64(8), UINT8(1);

    private final int bytes;

    ElementType(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }
}
