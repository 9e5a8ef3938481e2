package io.github.adiw.benchmarks;

import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.weight.Bandwidth;
import io.github.adiw.weight.EstimatedWeights;
import io.github.adiw.weight.EstimationSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.knowm.xchart.XYChart;

/**
 * Is a ratio of densities that is known in closed form found, and better by more samples? Draws the ratios estimated by {@code kl} and
 * {@code ls} (500 steps, lambda 0.1, a kernel as wide as suits the densities) beside the true one, and prints their mean absolute errors
 * over the mean ratio.
 *
 * <pre>java -cp benchmarks/target/benchmarks.jar io.github.adiw.benchmarks.DensityRatioPicture PICTURE.png</pre>
 */
public final class DensityRatioPicture {
    private static final List<String> METHODS = List.of("kl", "ls");
    private static final int[] SIZES = {200, 2_000};
    private static final int REPEATS = 5;
    private static final int STEPS = 500;

    private DensityRatioPicture() {}

    /**
     * Two densities.
     *
     * @param d           dimension
     * @param width       standard deviation of the Gaussian kernel
     * @param denominator draws a point of the training samples
     * @param numerator   draws a point of the validation samples
     * @param ratio       the numerator's density over the denominator's
     */
    private record Problem(String title, int d, double width, Function<Random, double[]> denominator, Function<Random, double[]> numerator,
                           ToDoubleFunction<double[]> ratio) {
        float[] draw(Function<Random, double[]> from, Random random, int count) {
            float[] x = new float[count * d];
            for (int i = 0; i < count; i++) {
                double[] point = from.apply(random);
                for (int k = 0; k < d; k++) {
                    x[i * d + k] = (float) point[k];
                }
            }
            return x;
        }

        double[] ratios(float[] z) {
            return IntStream.range(0, z.length / d).mapToDouble(i -> ratio.applyAsDouble(
                IntStream.range(0, d).mapToDouble(k -> z[i * d + k]).toArray())).toArray();
        }
    }

    /** The density of independent normals of one mean and standard deviation. */
    private static double normal(double[] x, double mean, double sd) {
        double density = 1;
        for (double v : x) {
            density *= Math.exp(-(v - mean) * (v - mean) / (2 * sd * sd)) / (sd * Math.sqrt(2 * Math.PI));
        }
        return density;
    }

    private static Function<Random, double[]> normals(int d, double mean, double sd) {
        return random -> IntStream.range(0, d).mapToDouble(k -> mean + sd * random.nextGaussian()).toArray();
    }

    private static final List<Problem> PROBLEMS = List.of(
        new Problem("N(1, 1/8) over N(1, 1/2)", 1, 0.1, normals(1, 1, 0.5), normals(1, 1, 0.125),
            x -> normal(x, 1, 0.125) / normal(x, 1, 0.5)),
        new Problem("one component of two over both", 1, 0.3,
            random -> new double[] {(random.nextBoolean() ? 1 : -1) + 0.5 * random.nextGaussian()}, normals(1, 1, 0.5),
            x -> normal(x, 1, 0.5) / ((normal(x, -1, 0.5) + normal(x, 1, 0.5)) / 2)),
        new Problem("N(0.3, 0.7) over N(0, 1), d = 3", 3, 0.8, normals(3, 0, 1), normals(3, 0.3, 0.7),
            x -> normal(x, 0.3, 0.7) / normal(x, 0, 1)));

    public static void main(String[] arguments) {
        if (arguments.length != 1) {
            System.err.println("usage: DensityRatioPicture PICTURE.png");
            System.exit(2);
        }
        List<XYChart> charts = new ArrayList<>();
        System.out.println("| ratio | method | " + SIZES[0] + " samples | " + SIZES[1] + " samples |\n| --- | --- | --- | --- |");
        try (Device device = Devices.open("auto")) {
            for (int size : SIZES) {
                PROBLEMS.forEach(problem -> charts.add(chart(device, problem, size)));
            }
            for (Problem problem : PROBLEMS) {
                for (String method : METHODS) {
                    System.out.printf(Locale.ROOT, "| %s | %s | %.3f | %.3f |%n", problem.title(), method,
                        error(device, problem, method, SIZES[0]),
                        error(device, problem, method, SIZES[1]));
                }
            }
        }
        Panels.write(Path.of(arguments[0]), charts, PROBLEMS.size());
    }

    private static float[] weights(Device device, String method, float[] z, float[] validation, Problem problem) {
        Bandwidth bandwidth = Bandwidth.parse("gamma:" + 1 / (2 * problem.width() * problem.width()));
        return EstimatedWeights.builder(device).method(method).settings(EstimationSettings.builder().bandwidth(bandwidth).steps(STEPS)
            .upperBound(1e6f).momentum(0.9f).build()).estimate(z, validation, problem.d()).weights();
    }

    private static double error(Device device, Problem problem, String method, int size) {
        double sum = 0;
        for (int repeat = 1; repeat <= REPEATS; repeat++) {
            Random random = new Random(repeat);
            float[] z = problem.draw(problem.denominator(), random, size);
            float[] estimated = weights(device, method, z, problem.draw(problem.numerator(), random, size), problem);
            double[] ratio = problem.ratios(z);
            double off = 0;
            double total = 0;
            for (int i = 0; i < size; i++) {
                off += Math.abs(estimated[i] - ratio[i]);
                total += ratio[i];
            }
            sum += off / total / REPEATS;
        }
        return sum;
    }

    /** d = 1: the ratios over the samples; else the estimated ones over the true ones, and where both are equal. */
    private static XYChart chart(Device device, Problem problem, int size) {
        Random random = new Random(1);
        float[] z = problem.draw(problem.denominator(), random, size);
        float[] validation = problem.draw(problem.numerator(), random, size);
        double[] ratio = problem.ratios(z);
        double[] x = problem.d() > 1 ? ratio : IntStream.range(0, size).mapToDouble(i -> z[i]).toArray();
        int[] order = IntStream.range(0, size).boxed().sorted(Comparator.comparingDouble(i -> x[i])).mapToInt(i -> i).toArray();
        double[] sorted = IntStream.of(order).mapToDouble(i -> x[i]).toArray();
        XYChart chart = Panels.chart(460, 370, String.format(Locale.ROOT, "%s, %,d samples", problem.title(), size),
            problem.d() > 1 ? "true ratio" : "sample", problem.d() > 1 ? "estimated ratio" : "ratio");
        chart.getStyler().setXAxisDecimalPattern("0.#");
        chart.getStyler().setYAxisDecimalPattern("0.#");
        chart.getStyler().setYAxisMin(0.0);
        for (String method : METHODS) {
            float[] estimated = weights(device, method, z, validation, problem);
            double[] y = IntStream.of(order).mapToDouble(i -> estimated[i]).toArray();
            if (problem.d() > 1) {
                Panels.points(chart, method, sorted, y, Panels.COLOURS.get(METHODS.indexOf(method)));
                chart.getStyler().setMarkerSize(5);
            } else {
                Panels.line(chart, method, sorted, y, Panels.COLOURS.get(METHODS.indexOf(method)));
            }
        }
        Panels.line(chart, "true", sorted, problem.d() > 1 ? sorted : IntStream.of(order).mapToDouble(i -> ratio[i]).toArray(),
            new java.awt.Color(0x222222));
        return chart;
    }
}
