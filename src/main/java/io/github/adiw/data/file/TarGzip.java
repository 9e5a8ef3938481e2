package io.github.adiw.data.file;

import io.github.adiw.AdiwException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * A tar archive compressed with gzip (the ustar format of POSIX.1-1988; what later formats add describes other things than regular files
 * with short names, and is passed over). It is read from its beginning to its end, once.
 */
public final class TarGzip {
    private static final int BLOCK = 512;
    private static final byte[] ZEROS = new byte[BLOCK];
    private static final int BUFFER = 1 << 16;

    private final Path path;
    private final InputStream in;
    private final byte[] header = new byte[BLOCK];

    private TarGzip(Path path, InputStream in) {
        this.path = path;
        this.in = in;
    }

    /** Is shown the regular files of an archive, one by one. */
    @FunctionalInterface
    public interface Visitor {
        /**
         * A file.
         *
         * @param name    with its folders, as the archive has it
         * @param size    bytes that it has
         * @param content those bytes; what is not read of them is passed over
         * @throws IOException if they cannot be read
         */
        void file(String name, long size, InputStream content) throws IOException;
    }

    /**
     * Reads an archive.
     *
     * @throws AdiwException if it is missing, truncated, corrupt, or no such archive
     */
    public static void read(Path path, Visitor visitor) {
        try (InputStream file = Files.newInputStream(path);
             InputStream in = new BufferedInputStream(new GZIPInputStream(file, BUFFER), BUFFER)) {
            new TarGzip(path, in).read(visitor);
        } catch (EOFException e) {
            throw new AdiwException(path + " is broken: it is truncated", e);
        } catch (ZipException e) {
            throw new AdiwException(path + " is broken: its gzip stream is corrupt (" + e.getMessage() + ")", e);
        } catch (IOException e) {
            throw new AdiwException("cannot read " + path + ": " + AtomicFile.reason(e), e);
        }
    }

    private void read(Visitor visitor) throws IOException {
        while (nextHeader()) {
            long size = octal(124, 12);
            Entry entry = new Entry(in, size);
            int type = header[156];
            if (type == '0' || type == 0) {
                visitor.file(text(0, 100), size, entry);
            }
            in.skipNBytes(entry.left + Math.floorMod(-size, BLOCK));
        }
        in.transferTo(OutputStream.nullOutputStream());     // the checksum of the gzip stream stands at its end
    }

    /** Whether there is another file: an archive ends with blocks of zeros. */
    private boolean nextHeader() throws IOException {
        int count = in.readNBytes(header, 0, BLOCK);
        if (count == 0 || Arrays.equals(header, ZEROS)) {
            return false;
        }
        if (count < BLOCK) {
            throw new EOFException();
        }
        long sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xff;      // the sum itself counts as spaces
        }
        if (sum != octal(148, 8)) {
            throw new AdiwException(path + " is no tar archive, or a broken one: a header's checksum is wrong");
        }
        return true;
    }

    private long octal(int at, int length) {
        String digits = text(at, length).trim();
        if (!digits.matches("[0-7]{1,11}")) {
            throw new AdiwException(path + " is no tar archive, or a broken one: a header has no number where one was expected");
        }
        return Long.parseLong(digits, 8);
    }

    /** Up to the first zero. */
    private String text(int at, int length) {
        int end = at;
        while (end < at + length && header[end] != 0) {
            end++;
        }
        return new String(header, at, end - at, StandardCharsets.US_ASCII);
    }

    /** The bytes of one file; the archive must have them all. */
    private static final class Entry extends InputStream {
        private final InputStream in;
        private long left;

        Entry(InputStream in, long size) {
            this.in = in;
            left = size;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int count = in.read(bytes, offset, (int) Math.min(length, left));
            if (count < 0) {
                throw new EOFException();
            }
            left -= count;
            return count;
        }
    }
}
