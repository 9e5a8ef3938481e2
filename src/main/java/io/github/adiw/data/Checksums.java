package io.github.adiw.data;

import java.nio.ByteBuffer;
import java.util.zip.Checksum;

/** Checksums of arrays, whatever the machine's byte order: every number with its highest byte first. */
final class Checksums {
    private Checksums() {}

    static void add(Checksum checksum, int[] numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(Integer.BYTES, numbers.length));
        bytes.asIntBuffer().put(numbers);
        checksum.update(bytes);
    }

    static void add(Checksum checksum, float[] numbers) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(Float.BYTES, numbers.length));
        bytes.asFloatBuffer().put(numbers);
        checksum.update(bytes);
    }
}
