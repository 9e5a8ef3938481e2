package io.github.adiw.data.table;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.data.file.Npy;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

/**
 * A file with a weight for each row: {@code .npy}, float32 {@code [n]}, or {@code .csv} with the header {@code id,weight}. Written whole
 * or not at all.
 */
public final class WeightsFile {
    /** Gives the weights in order. */
    @FunctionalInterface
    public interface Content {
        /**
         * @param sink gets them
         * @throws IOException if writing fails
         */
        void writeTo(Sink sink) throws IOException;
    }

    /** Gets weights. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Adds the next rows.
         *
         * @param ids     their names, {@code [count]} or longer; null for their numbers from 0
         * @param weights {@code [count]} or longer
         * @throws IOException if writing fails
         */
        void add(String[] ids, float[] weights, int count) throws IOException;
    }

    private WeightsFile() {}

    /**
     * Checks a name before any work.
     *
     * @param parameter what the file is called in the settings: {@code output}
     * @throws UsageException if it ends with neither .npy nor .csv
     */
    public static void requireSuffix(String parameter, Path path) {
        if (!isCsv(path) && !ends(path, ".npy")) {
            throw UsageException.of(parameter, parameter + " must end with .npy or .csv, and " + path + " does not");
        }
    }

    private static boolean isCsv(Path path) {
        return ends(path, ".csv");
    }

    private static boolean ends(Path path, String suffix) {
        return path.toString().toLowerCase(Locale.ROOT).endsWith(suffix);
    }

    /**
     * Writes all weights.
     *
     * @param path    an existing file is replaced
     * @param ids     the rows' names, {@code [n]}; null for their numbers from 0; of no use to .npy
     * @param weights {@code [n]}
     * @throws UsageException if {@code path} ends with neither .npy nor .csv
     * @throws AdiwException  if it cannot be written
     */
    public static void write(Path path, String[] ids, float[] weights) {
        requireSuffix("output", path);
        if (isCsv(path)) {
            AtomicFile.write(path, out -> csv(out, sink -> sink.add(ids, weights, weights.length)));
        } else {
            Npy.write(path, weights, weights.length);
        }
    }

    /**
     * Writes any number of weights, in memory that does not depend on it.
     *
     * @param path    an existing file is replaced
     * @param content gives them; what it throws leaves the file as it was
     * @throws UsageException if {@code path} ends with neither .npy nor .csv
     * @throws AdiwException  if it cannot be written
     */
    public static void write(Path path, Content content) {
        requireSuffix("output", path);
        if (isCsv(path)) {
            AtomicFile.write(path, out -> csv(out, content));
        } else {
            int[] size = {0};       // which stands before them, and is known behind them
            AtomicFile.write(path, out -> size[0] = values(out, content), out -> Npy.writeHeader(out, Npy.Type.FLOAT32, size[0]));
        }
    }

    private static void csv(OutputStream out, Content content) throws IOException {
        out.write("id,weight\n".getBytes(StandardCharsets.US_ASCII));
        long[] written = {0};
        content.writeTo((ids, weights, count) -> {
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < count; i++) {
                String id = ids == null ? Long.toString(written[0]) : field(ids[i]);
                lines.append(id).append(',').append(weights[i]).append('\n');
                written[0]++;
                if (lines.length() > 1 << 16 || i + 1 == count) {
                    out.write(lines.toString().getBytes(StandardCharsets.UTF_8));
                    lines.setLength(0);
                }
            }
        });
    }

    /** In quotes where it needs them (RFC 4180). */
    private static String field(String text) {
        boolean plain = !text.isEmpty() && text.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
        return plain ? text : '"' + text.replace("\"", "\"\"") + '"';
    }

    /** Returns how many there were. */
    private static int values(OutputStream out, Content content) throws IOException {
        int[] size = {0};
        content.writeTo((ids, weights, count) -> {
            ByteBuffer bytes = ByteBuffer.allocate(4 * Math.min(count, 1 << 14)).order(ByteOrder.LITTLE_ENDIAN);
            for (int done = 0; done < count;) {
                int some = Math.min(count - done, 1 << 14);
                bytes.clear().asFloatBuffer().put(weights, done, some);
                out.write(bytes.array(), 0, 4 * some);
                done += some;
            }
            size[0] = Math.addExact(size[0], count);
        });
        return size[0];
    }
}
