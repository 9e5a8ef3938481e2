package io.github.adiw.data;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.zip.Checksum;

/** Checksums, those of arrays whatever the machine's byte order: every number with its highest byte first. */
final class Checksums {
    private Checksums() {}

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

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
