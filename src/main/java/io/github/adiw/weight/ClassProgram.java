package io.github.adiw.weight;

import io.github.adiw.device.Device;

/** Kernel mean matching inside one class, in double precision: how good ratios are. */
final class ClassProgram {
    private final int count;
    private final double[] ratios, gradient;
    private double objective, bound;

    /**
     * @param rows  sorted by class, {@code [n + m, d]}
     * @param first the class's first training row, and {@code count} how many it has; {@code firstOther}, {@code others}: validation
     * @param found ratios of the sorted training rows
     */
    private ClassProgram(float[] rows, int d, int first, int count, int firstOther, int others, double gamma, float[] found) {
        this.count = count;
        ratios = new double[count];
        gradient = new double[count];
        for (int i = 0; i < count; i++) {
            ratios[i] = found[first + i];
        }
        for (int i = 0; i < count; i++) {
            double product = GramMatrix.RIDGE * ratios[i];
            double sum = GramMatrix.RIDGE;
            double match = 0;
            for (int j = 0; j < count; j++) {
                double k = kernel(rows, d, first + i, first + j, gamma);
                product += k * ratios[j];
                sum += k;
            }
            for (int j = 0; j < others; j++) {
                match += kernel(rows, d, first + i, firstOther + j, gamma) * count / others;
            }
            gradient[i] = product - match;
            objective += ratios[i] * (product / 2 - match);
            bound = Math.max(bound, sum);
        }
    }

    /** The sum of the classes' objectives, and the largest of their residuals; gamma is NaN, since every class has its own. Waits. */
    static Quality quality(ClassConditionalEstimator batch) {
        float[] data = batch.rows.toFloats();
        float[] found = batch.found().toFloats();
        int[] table = batch.table.toInts();
        int[] status = batch.status.toInts();
        double[] gamma = new double[batch.classes];
        batch.gamma.download(gamma);
        double objective = 0;
        double residual = 0;
        for (int c = 0; c < batch.classes; c++) {
            if (status[c] == 0) {
                ClassProgram program = new ClassProgram(data, batch.d, table[4 * c], table[4 * c + 1], batch.n + table[4 * c + 2],
                    table[4 * c + 3], gamma[c], found);
                objective += program.objective;
                residual = Math.max(residual, program.residual(batch.device, batch.options.upperBound()));
            }
        }
        return new Quality(Double.NaN, objective, residual);
    }

    private static double kernel(float[] rows, int d, int a, int b, double gamma) {
        double square = 0;
        for (int k = 0; k < d; k++) {
            double difference = (double) rows[a * d + k] - rows[b * d + k];
            square += difference * difference;
        }
        return Math.exp(-gamma * square);
    }

    private double residual(Device device, double upper) {
        WeightBounds bounds = new WeightBounds(count, upper);
        return SteppedEstimator.residualOfWeights(device, ratios, gradient, bound, upper, bounds.low(), bounds.high());
    }
}
