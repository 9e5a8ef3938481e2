package io.github.adiw.data;

import io.github.adiw.UsageException;
import io.github.adiw.device.Device;
import java.util.zip.Checksum;

/**
 * Labelled rows of a table: {@code values} is {@code [count, columns]} in C order, {@code labels} is {@code [count]}, each 0 to
 * classes - 1. The arrays are not copied, and nobody writes to them after construction.
 *
 * @param values  the numbers, finite
 * @param labels  the classes
 * @param columns numbers in a row, at least 1
 */
public record TableSet(float[] values, int[] labels, int columns) implements SampleSet {
    /** @throws IllegalArgumentException if the arrays' lengths do not fit each other */
    public TableSet {
        if ((long) labels.length * columns != values.length) {
            throw new IllegalArgumentException(values.length + " numbers were given, and " + labels.length + " rows of " + columns
                + " were expected");
        }
    }

    @Override
    public SampleShape shape() {
        return new SampleShape(columns, 1, 1);
    }

    @Override
    public String kind() {
        return "rows";
    }

    @Override
    public String description() {
        return kind() + " of " + columns + " columns";
    }

    @Override
    public TableSet gather(int[] rows) {
        float[] chosen = new float[Math.multiplyExact(rows.length, columns)];
        int[] chosenLabels = new int[rows.length];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(values, rows[i] * columns, chosen, i * columns, columns);
            chosenLabels[i] = labels[rows[i]];
        }
        return new TableSet(chosen, chosenLabels, columns);
    }

    @Override
    public TableSet withLabels(int[] other) {
        return new TableSet(values, other, columns);
    }

    @Override
    public SampleSource load(Device device, Normalization normalization) {
        return SampleSource.ofRows(UsageException.given("device", device), values, shape(),
            UsageException.given("normalization", normalization));
    }

    @Override
    public void addTo(Checksum checksum) {
        Checksums.add(checksum, values);
        Checksums.add(checksum, labels);
    }
}
