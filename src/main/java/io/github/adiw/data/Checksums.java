package io.github.adiw.data;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.zip.Checksum;

/** Checksums, those of arrays whatever the machine's byte order: every number with its highest byte first. */
final class Checksums {
    /** Numbers at once. */
    private static final int CHUNK = 1 << 14;

    private Checksums() {}

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    static void add(Checksum checksum, int[] numbers) {
        add(checksum, numbers.length, (bytes, from, count) -> bytes.asIntBuffer().put(numbers, from, count));
    }

    static void add(Checksum checksum, float[] numbers) {
        add(checksum, numbers.length, (bytes, from, count) -> bytes.asFloatBuffer().put(numbers, from, count));
    }

    /** Writes some of the numbers, four bytes each. */
    private interface Encoder {
        void encode(ByteBuffer bytes, int from, int count);
    }

    private static void add(Checksum checksum, int length, Encoder encoder) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * Math.min(CHUNK, length));
        for (int done = 0; done < length;) {
            int count = Math.min(CHUNK, length - done);
            encoder.encode(bytes.clear(), done, count);
            checksum.update(bytes.limit(4 * count));
            done += count;
        }
    }
}
