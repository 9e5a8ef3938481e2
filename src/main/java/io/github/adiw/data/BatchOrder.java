package io.github.adiw.data;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.file.Npy;
import java.nio.file.Path;

/** The samples of every step, from a file: for exact comparison with another program's batches. */
public final class BatchOrder {
    private BatchOrder() {
    }

    /**
     * Reads an order.
     *
     * @param file .npy, int32 or int64 {@code [steps, batch]}: rows of the training file
     * @param split says which rows are in use
     * @param fileRows how many rows the training file has
     * @param steps how many steps are needed; further ones in the file are not read
     * @param batch how many samples a step has
     * @return {@code [steps, batch]}: sample numbers 0 to n - 1 of the split
     * @throws AdiwException if the file is missing, broken, of another shape, too short, or names a row that the training
     *     file does not have or that is not in use
     */
    public static int[] read(Path file, TrainingSplit split, int fileRows, int steps, int batch) {
        UsageException.given("split", split);
        Npy array = Npy.read(UsageException.given("file", file)).requireType(Npy.Type.INT32, Npy.Type.INT64).requireShape(-1, batch);
        int available = array.shape()[0];
        if (available < steps) {
            throw new AdiwException(file + " has " + available + " steps, and at least " + steps + " was expected");
        }
        int[] rows = array.toInts();
        int[] order = new int[Math.multiplyExact(steps, batch)];
        for (int i = 0; i < order.length; i++) {
            if (rows[i] < 0 || rows[i] >= fileRows) {
                throw new AdiwException(file + " has row " + rows[i] + " at index [" + i / batch + ", " + i % batch
                    + "], and 0 to " + (fileRows - 1) + " was expected");
            }
            order[i] = split.sampleOfRow(rows[i]);
            if (order[i] < 0) {
                throw new AdiwException(file + " has row " + rows[i] + " at index [" + i / batch + ", " + i % batch
                    + "], which is not among the " + split.count() + " training samples in use");
            }
        }
        return order;
    }
}
