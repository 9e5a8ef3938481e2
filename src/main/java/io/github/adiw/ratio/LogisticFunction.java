package io.github.adiw.ratio;

import io.github.adiw.AdiwException;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Device;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The ratio of densities that a logistic regression of "validation" against "training" stands for: by Bayes' rule, its odds times n / m,
 * for n training and m validation rows. log r is clipped to [-80, 80], within which r is a float32.
 */
final class LogisticFunction implements RatioFunction {
    private static final long serialVersionUID = 1;
    private static final double LARGEST_LOG = 80;
    /** That an array holds. */
    private static final long MOST_NUMBERS = Integer.MAX_VALUE - 16;

    private final float[] linear;
    private final float[] quadratic;
    private final float intercept;
    private final float logRowRatio;
    private final Fit fit;

    private LogisticFunction(float[] linear, float[] quadratic, float intercept, float logRowRatio, Fit fit) {
        this.linear = linear;
        this.quadratic = quadratic;
        this.intercept = intercept;
        this.logRowRatio = logRowRatio;
        this.fit = fit;
    }

    /**
     * Of a regression.
     *
     * @param coefficients of the columns of {@link #terms}
     * @param columns      of the rows, before squares and products
     * @param train        n
     * @param validation   m
     */
    static LogisticFunction of(double[] coefficients, int columns, int train, int validation, Fit fit) {
        int last = coefficients.length - 1;
        return new LogisticFunction(floats(coefficients, 0, columns), floats(coefficients, columns, last), (float) coefficients[last],
            (float) Math.log((double) train / validation), fit);
    }

    /**
     * One that {@link #parameters} were asked of.
     *
     * @param columns of the rows
     * @throws AdiwException if a parameter is missing or does not fit
     */
    static LogisticFunction load(Map<String, SafeTensors.Tensor> parameters, int columns) {
        float[] quadratic = parameters.containsKey("quadratic") ? values(parameters, "quadratic", pairs(columns)) : new float[0];
        return new LogisticFunction(values(parameters, "linear", columns), quadratic, values(parameters, "intercept", 1)[0],
            values(parameters, "logRowRatio", 1)[0], new Fit(0, Double.NaN, Double.NaN, true));
    }

    private static float[] values(Map<String, SafeTensors.Tensor> parameters, String name, long length) {
        SafeTensors.Tensor tensor = parameters.get(name);
        if (tensor == null || tensor.values().length != length) {
            throw new AdiwException("a classifier has '" + name + "' [" + length + "], not " + tensor);
        }
        return tensor.values();
    }

    /** How many squares and products there are of some columns. */
    static long pairs(int columns) {
        return columns * (columns + 1L) / 2;
    }

    /** How many terms a regression has, the intercept's too. */
    static long terms(int columns, boolean quadratic) {
        return columns + (quadratic ? pairs(columns) : 0) + 1;
    }

    /**
     * The terms of a regression: the columns, x_1^2, x_1 x_2, ..., x_2^2, x_2 x_3, ... if wanted, and 1.
     *
     * @return training rows, then validation rows
     * @throws AdiwException if an array cannot hold them
     */
    static Matrix terms(Matrix train, Matrix validation, boolean quadratic) {
        int columns = train.columns();
        long width = terms(columns, quadratic);
        long height = (long) train.rows() + validation.rows();
        if (width > MOST_NUMBERS / height) {
            throw new AdiwException("the classifier cannot hold " + width + " terms of " + height + " rows: fit it to fewer rows");
        }
        int terms = (int) width;
        int rows = (int) height;
        float[] values = new float[rows * terms];
        for (int row = 0; row < rows; row++) {
            Matrix from = row < train.rows() ? train : validation;
            int first = (row < train.rows() ? row : row - train.rows()) * columns;
            int at = row * terms;
            System.arraycopy(from.values(), first, values, at, columns);
            at += columns;
            for (int i = first; quadratic && i < first + columns; i++) {
                for (int j = i; j < first + columns; j++) {
                    values[at++] = from.values()[i] * from.values()[j];
                }
            }
            values[at] = 1;
        }
        return new Matrix(values, rows, terms);
    }

    /** A row costs a product for every term and an exponential; it is done on the processor, in double precision, whatever the device. */
    @Override
    public double[] at(Matrix rows, Device device) {
        double[] ratios = new double[rows.rows()];
        float[] values = rows.values();
        for (int row = 0; row < ratios.length; row++) {
            ratios[row] = at(values, row * linear.length);
        }
        return ratios;
    }

    @Override
    public double at(float[] row) {
        return at(row, 0);
    }

    private double at(float[] values, int first) {
        double log = (double) intercept + logRowRatio;
        int at = 0;
        for (int i = 0; i < linear.length; i++) {
            double factor = linear[i];
            for (int j = i; j < linear.length && quadratic.length > 0; j++) {
                factor += quadratic[at++] * (double) values[first + j];
            }
            log += factor * values[first + i];
        }
        return Math.exp(Math.max(-LARGEST_LOG, Math.min(LARGEST_LOG, log)));
    }

    @Override
    public Fit fit() {
        return fit;
    }

    @Override
    public Map<String, SafeTensors.Tensor> parameters() {
        Map<String, SafeTensors.Tensor> parameters = new LinkedHashMap<>();
        parameters.put("linear", tensor(linear));
        if (quadratic.length > 0) {
            parameters.put("quadratic", tensor(quadratic));
        }
        parameters.put("intercept", tensor(intercept));
        parameters.put("logRowRatio", tensor(logRowRatio));
        return parameters;
    }

    private static SafeTensors.Tensor tensor(float... values) {
        return new SafeTensors.Tensor(new int[] {values.length}, values);
    }

    private static float[] floats(double[] values, int from, int to) {
        float[] floats = new float[to - from];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[from + i];
        }
        return floats;
    }
}
