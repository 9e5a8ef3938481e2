package io.github.adiw.data.table;

import io.github.adiw.data.Rows;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Two small files, read, with what was said. */
final class Read {
    private final Path folder;
    private final List<String> notices = new ArrayList<>();
    private List<String> columns;
    private List<String> exclude = List.of();
    private String id;
    private Missing missing = Missing.FAIL;

    Read(Path folder) {
        this.folder = folder;
    }

    Read columns(String... names) {
        columns = List.of(names);
        return this;
    }

    Read exclude(String... names) {
        exclude = List.of(names);
        return this;
    }

    Read id(String name) {
        id = name;
        return this;
    }

    Read mean() {
        missing = Missing.MEAN;
        return this;
    }

    List<String> notices() {
        return notices;
    }

    TablePair of(Path train, Path validation) {
        return Tables.read(train, validation, new TableOptions(columns, exclude, id, missing, notices::add));
    }

    /** Of the text of two files, T.csv and V.csv. */
    TablePair of(String train, String validation) {
        return of(file("T.csv", train), file("V.csv", validation));
    }

    /** Of text that both files have. */
    TablePair of(String both) {
        return of(both, both);
    }

    Path file(String name, String text) {
        return file(name, text.getBytes(StandardCharsets.UTF_8));
    }

    Path file(String name, byte[] bytes) {
        try {
            return Files.write(folder.resolve(name), bytes);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static double[] values(Rows rows) {
        double[] values = new double[rows.rows() * rows.columns()];
        rows.read(0, rows.rows(), values);
        return values;
    }

    /** All rows, in blocks of two. */
    static double[] values(RowReader reader) {
        double[] block = new double[2 * reader.columns()];
        double[] all = {};
        for (int count = reader.next(block, 2); count > 0; count = reader.next(block, 2)) {
            int end = all.length;
            all = Arrays.copyOf(all, end + count * reader.columns());
            System.arraycopy(block, 0, all, end, count * reader.columns());
        }
        return all;
    }
}
