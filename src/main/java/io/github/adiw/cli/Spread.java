package io.github.adiw.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collection;
import java.util.function.ToDoubleFunction;

/**
 * Mean and standard deviation of a measurement over runs.
 *
 * @param mean      of the finite ones; NaN if there is none
 * @param deviation the sample's, with n - 1; NaN if there are fewer than two
 * @param count     how many are finite
 */
record Spread(double mean, double deviation, int count) {
    /** Of what {@code measure} says of each. */
    static <T> Spread of(Collection<T> all, ToDoubleFunction<T> measure) {
        double[] values = all.stream().mapToDouble(measure).filter(Double::isFinite).toArray();
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        double mean = sum / values.length;
        double squares = 0;
        for (double value : values) {
            squares += (value - mean) * (value - mean);
        }
        return new Spread(mean, values.length < 2 ? Double.NaN : Math.sqrt(squares / (values.length - 1)), values.length);
    }

    /** {@code 82.13 ± 0.41}; the mean alone where there is no deviation, a dash where there is neither. */
    String text(int places, String unit) {
        if (!Double.isFinite(mean)) {
            return "-";
        }
        String text = TrainCommand.written(mean, places);
        return (Double.isFinite(deviation) ? text + " ± " + TrainCommand.written(deviation, places) : text) + unit;
    }

    /** Adds {@code {"mean": ..., "standardDeviation": ...}}. */
    void put(ObjectNode node, String key) {
        ObjectNode entry = node.putObject(key);
        RunReport.put(entry, "mean", mean);
        RunReport.put(entry, "standardDeviation", deviation);
    }
}
