package io.github.adiw.data.file;

import io.github.adiw.AdiwException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A file of CIFAR's binary version (Krizhevsky's page on CIFAR describes it): records of one or more labels of a byte, of which the last
 * is the finest, and an image of 32 x 32, its red, then its green, then its blue values, a byte each.
 *
 * @param images {@code [count, 3, 32, 32]} in C order; read values as {@code value & 0xff}
 * @param labels {@code [count]}
 */
public record CifarFile(byte[] images, int[] labels) {
    /** Rows and columns of an image. */
    public static final int SIDE = 32;
    /** Red, green, blue. */
    public static final int CHANNELS = 3;

    private static final int IMAGE = CHANNELS * SIDE * SIDE;
    private static final int BUFFER = 1 << 16;
    private static final int MOST = Integer.MAX_VALUE / IMAGE;

    /**
     * What a record of a data set's files is like.
     *
     * @param dataset its name, for messages
     * @param labels  of a record
     * @param classes which the last label of a record is one of
     */
    public record Format(String dataset, int labels, int classes) {
        /** Bytes of a record. */
        public int record() {
            return labels + IMAGE;
        }
    }

    /**
     * Reads a file.
     *
     * @throws AdiwException if it is missing, empty, truncated, has a label that is no class, or Java has no memory for it
     */
    public static CifarFile read(Path path, Format format) {
        if (Files.isDirectory(path)) {
            throw new AdiwException(path + " is a folder, and a file of " + format.dataset + " was expected");
        }
        try (InputStream in = Files.newInputStream(path)) {
            return read(path.toString(), Files.size(path), in, format);
        } catch (IOException e) {
            throw new AdiwException("cannot read " + path + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * As {@link #read(Path, Format)}, from a stream.
     *
     * @param name what to call it in messages
     * @param size bytes that the stream has
     * @throws IOException if the stream cannot be read
     */
    public static CifarFile read(String name, long size, InputStream in, Format format) throws IOException {
        long count = size / format.record();
        if (size == 0 || size % format.record() != 0) {
            throw new AdiwException(name + " is broken: it has " + size + " bytes, and a multiple of " + format.record() + " was expected ("
                + format.labels + (format.labels == 1 ? " label" : " labels")
                + " and 32 x 32 red, green and blue values): it is truncated, "
                + "or no file of " + format.dataset);
        }
        if (count > MOST) {
            throw new AdiwException(name + " has " + count + " images, and at most " + MOST + " can be read");
        }
        CifarFile file = HeapRoom.of(name, size, () -> new CifarFile(new byte[(int) count * IMAGE], new int[(int) count]));
        InputStream buffered = new BufferedInputStream(in, BUFFER);
        byte[] labels = new byte[format.labels];
        for (int i = 0; i < count; i++) {
            int read = buffered.readNBytes(labels, 0, labels.length) + buffered.readNBytes(file.images, i * IMAGE, IMAGE);
            if (read < format.record()) {
                throw new AdiwException(name + " is broken: it ends within image " + i + " of " + count);
            }
            file.labels[i] = labels[labels.length - 1] & 0xff;
            if (file.labels[i] >= format.classes) {
                throw new AdiwException(name + " is broken: the label of image " + i + " is " + file.labels[i] + ", and 0 to "
                    + (format.classes - 1) + " was expected");
            }
        }
        return file;
    }

    /**
     * Several files as one, in their order.
     *
     * @param name what to call them in messages
     * @throws AdiwException if these are more images than can be in one array, or Java has no memory for them
     */
    public static CifarFile joined(String name, List<CifarFile> files) {
        if (files.size() == 1) {
            return files.get(0);
        }
        long count = files.stream().mapToLong(file -> file.labels.length).sum();
        if (count > MOST) {
            throw new AdiwException(name + " have " + count + " images, and at most " + MOST + " can be read");
        }
        CifarFile all = HeapRoom.of(name, count * IMAGE, () -> new CifarFile(new byte[(int) count * IMAGE], new int[(int) count]));
        int first = 0;
        for (CifarFile file : files) {
            System.arraycopy(file.images, 0, all.images, first * IMAGE, file.images.length);
            System.arraycopy(file.labels, 0, all.labels, first, file.labels.length);
            first += file.labels.length;
        }
        return all;
    }
}
