package io.github.adiw.ratio;

import io.github.adiw.AdiwException;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Device;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** r(x) = sum_l a_l exp(-gamma |x - c_l|^2), a_l at least 0: the model of KLIEP and of uLSIF. */
final class KernelFunction implements RatioFunction {
    /** What to do about a kernel that does not reach far enough. */
    static final String NARROW = "choose a smaller gamma, or method classifier";
    private static final long serialVersionUID = 1;
    /** Rows whose kernel values are in memory at once. */
    private static final int BLOCK = 8192;

    private final Matrix centers;
    private final double gamma;
    private final float[] coefficients;
    private final Fit fit;
    /** Made when the first row comes; whoever comes at the same time makes an equal one. */
    private transient RowScore rowScore;

    private KernelFunction(Matrix centers, double gamma, float[] coefficients, Fit fit) {
        this.centers = centers;
        this.gamma = gamma;
        this.coefficients = coefficients;
        this.fit = fit;
    }

    /**
     * Of coefficients that were fitted.
     *
     * @param method       as a user types it, for the messages
     * @param coefficients {@code [centers]}, at least 0
     * @param trainMeans   {@code [centers]}: the mean of each center's kernel over the training rows
     * @throws NoRatioException if a coefficient is not finite as a float32, or r is 0 at the training rows
     */
    static KernelFunction of(String method, Matrix centers, double gamma, double[] coefficients, double[] trainMeans, Fit fit) {
        float[] rounded = new float[coefficients.length];
        for (int l = 0; l < rounded.length; l++) {
            rounded[l] = (float) coefficients[l];
        }
        KernelFunction function = new KernelFunction(centers, gamma, rounded, fit);
        double mean = function.mean(trainMeans);
        if (!Double.isFinite(mean) || mean < 1e-30) {
            String reason = String.format(Locale.ROOT, "the ratio of %s has the mean %.3g over the training rows, and about 1 was "
                + "expected: its kernel (gamma %.3g) is too narrow to reach from the validation rows to them", method, mean, gamma);
            throw new NoRatioException(reason, NARROW, true);
        }
        return function;
    }

    /**
     * One that {@link #parameters} were asked of.
     *
     * @param gamma   the kernel's
     * @param columns of the rows
     * @throws AdiwException if a parameter is missing or does not fit
     */
    static KernelFunction load(Map<String, SafeTensors.Tensor> parameters, double gamma, int columns) {
        SafeTensors.Tensor centers = parameters.get("centers");
        SafeTensors.Tensor coefficients = parameters.get("coefficients");
        if (centers == null || coefficients == null || !(gamma > 0) || coefficients.shape().length != 1
            || !Arrays.equals(centers.shape(), new int[] {coefficients.values().length, columns})) {
            throw new AdiwException(
                "a kernel model has centers [centers, " + columns + "], coefficients [centers] and a gamma above 0, not "
                    + centers + ", " + coefficients + " and " + gamma);
        }
        for (float coefficient : coefficients.values()) {
            if (!(coefficient >= 0)) {
                throw new AdiwException("a kernel model has coefficients of at least 0, not " + coefficient);
            }
        }
        return new KernelFunction(new Matrix(centers.values(), centers.shape()[0], columns), gamma, coefficients.values(),
            new Fit(0, Double.NaN, Double.NaN, true));
    }

    @Override
    public double[] at(Matrix rows, Device device) {
        double[] ratios = new double[rows.rows()];
        double[] factors = new double[coefficients.length];
        Arrays.setAll(factors, l -> coefficients[l]);
        for (int from = 0; from < ratios.length; from += BLOCK) {
            int count = Math.min(BLOCK, ratios.length - from);
            try (RowMatrix kernel = RowMatrix.gaussian(device, rows.slice(from, count), centers, gamma)) {
                System.arraycopy(kernel.products(factors), 0, ratios, from, count);
            }
        }
        return ratios;
    }

    @Override
    public double at(float[] row) {
        RowScore known = rowScore;
        if (known == null) {
            known = RowScore.of(centers, gamma, coefficients);
            rowScore = known;
        }
        return known.at(row);
    }

    /** The mean of r over rows whose kernels have these means {@code [centers]}. */
    double mean(double[] means) {
        double mean = 0;
        for (int l = 0; l < means.length; l++) {
            mean += coefficients[l] * means[l];
        }
        return mean;
    }

    @Override
    public Fit fit() {
        return fit;
    }

    @Override
    public Map<String, SafeTensors.Tensor> parameters() {
        Map<String, SafeTensors.Tensor> parameters = new LinkedHashMap<>();
        parameters.put("centers", new SafeTensors.Tensor(new int[] {centers.rows(), centers.columns()}, centers.values()));
        parameters.put("coefficients", new SafeTensors.Tensor(new int[] {coefficients.length}, coefficients));
        return parameters;
    }
}
