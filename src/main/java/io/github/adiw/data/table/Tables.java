package io.github.adiw.data.table;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import java.nio.file.Path;

/** Reads tables: text files of comma-separated values, and .npy files of shape {@code [n]} or {@code [n, d]}. */
public final class Tables {
    private Tables() {}

    /**
     * Reads two files as the same columns of numbers. Columns of two headers belong together by name, others by place. Columns of text, or
     * of true and false, become an indicator for each level; row numbers without a name are left out. Each file is read once, from its
     * beginning to its end.
     *
     * @param train      the training file
     * @param validation the validation file
     * @param options    which columns, and what becomes of missing values
     * @throws UsageException if the options name what is not there, contradict each other, or leave no column
     * @throws AdiwException  if a file cannot be read, a column is in one of them alone, or looks like the names of the rows, a value is
     *                        missing and missing values are not to be filled, or is neither a finite number nor a category; the place is
     *                        named
     */
    public static TablePair read(Path train, Path validation, TableOptions options) {
        try (TableSource t = TableSource.open(train); TableSource v = TableSource.open(validation)) {
            ColumnChoice choice = ColumnChoice.of(t.header(), v.header(), options);
            Table trained = Table.read(t, choice.train(), choice.trainId());
            return new Pooling(choice, trained, Table.read(v, choice.validation(), -1), options).pair();
        } catch (OutOfMemoryError e) {
            throw new AdiwException(train + " and " + validation + " do not fit the " + (Runtime.getRuntime().maxMemory() >> 20)
                + " MiB of memory that Java may use: give it more by -Xmx, or use fewer columns", e);
        }
    }
}
