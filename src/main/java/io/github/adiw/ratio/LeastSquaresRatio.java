package io.github.adiw.ratio;

import io.github.adiw.AdiwException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.ratio.RowDraw.Purpose;
import java.util.Arrays;
import java.util.Locale;

/**
 * {@code ls}: uLSIF (Kanamori, Hido, Sugiyama, Journal of Machine Learning Research 10, 2009), the kernel model with the least squared
 * distance from the ratio: a = (H + lambda I)^-1 h with H = (1/n) sum_i k(x_i) k(x_i)', h = (1/m) sum_j k(y_j), negative coefficients
 * cut to 0 afterwards. Bandwidth and lambda are those with the least loss of fits that leave out a training and a validation row, which
 * is a closed form (section 4).
 */
final class LeastSquaresRatio implements RatioMethod {
    private static final String NAME = "ls";
    /** 10^-3 to 10^1 by half decades. */
    private static final double[] LAMBDAS = {0.001, 0.0031622776601683794, 0.01, 0.03162277660168379, 0.1, 0.31622776601683794, 1,
        3.1622776601683795, 10};
    /** The least that is added to the diagonal, of its mean: without any, equal centers have no solution. */
    private static final double LEAST_RIDGE = 1e-11;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public TunedMethod tune(Matrix train, Matrix validation, FitContext context) {
        double[] gammas = KernelCandidates.gammas(train, validation, context);
        double[] lambdas = context.lambda() == null ? LAMBDAS : new double[] {context.lambda()};
        if (gammas.length == 1 && lambdas.length == 1) {
            return new Tuned(new Selection(gammas[0], lambdas[0], null, Double.NaN));
        }
        if (Math.min(train.rows(), validation.rows()) < 2) {
            throw new AdiwException(
                "ls chooses its settings by pairs of rows that are left out, and a sample has only one row: give more rows,"
                    + " or bandwidth and lambda");
        }
        double[][] losses = losses(train, validation, gammas, lambdas, context);
        Selection best = null;
        for (int i = 0; i < gammas.length; i++) {
            for (int k = 0; k < lambdas.length; k++) {
                if (Double.isFinite(losses[i][k]) && (best == null || losses[i][k] < best.score())) {
                    best = new Selection(gammas[i], lambdas[k], null, losses[i][k]);
                }
            }
        }
        if (best == null) {
            throw new AdiwException("ls has no bandwidth and lambda whose loss is finite");
        }
        return new Tuned(best);
    }

    /**
     * The mean loss of the fits that leave a pair out, by bandwidth and lambda: pair i is row i of seeded permutations of both samples,
     * i below the number of rows of the smaller one.
     */
    static double[][] losses(Matrix train, Matrix validation, double[] gammas, double[] lambdas, FitContext context) {
        Matrix centers = validation.select(KernelCandidates.centers(validation, context));
        Matrix training = train.select(RowDraw.permutation(train.keys(), context.seed(), Purpose.LEAVE_OUT_TRAIN));
        Matrix world = validation.select(RowDraw.permutation(validation.keys(), context.seed(), Purpose.LEAVE_OUT_VALIDATION));
        double[][] losses = new double[gammas.length][lambdas.length];
        for (int i = 0; i < gammas.length; i++) {
            try (Moments moments = Moments.of(context.device(), training, world, centers, gammas[i]);
                 LeaveOneOut leaveOneOut = LeaveOneOut.of(context.device(), moments)) {
                for (int k = 0; k < lambdas.length; k++) {
                    context.progress("ls: choosing the bandwidth and lambda", (long) i * lambdas.length + k,
                        (long) gammas.length * lambdas.length);
                    losses[i][k] = leaveOneOut.mean(lambdas[k]);
                }
            }
        }
        return losses;
    }

    /** Of H + lambda I; of a little more where lambda is so small that there would be none. */
    private static Cholesky factor(double[] second, int size, double lambda) {
        double trace = 0;
        for (int l = 0; l < size; l++) {
            trace += second[l * size + l];
        }
        return Cholesky.of(second, size, Math.max(lambda, LEAST_RIDGE * trace / size));
    }

    private static double[] mean(double[] sums, int count) {
        Arrays.setAll(sums, i -> sums[i] / count);
        return sums;
    }

    /** H {@code [centers, centers]} and h {@code [centers]} of one bandwidth, and the kernels that they are of. */
    private static final class Moments implements AutoCloseable {
        final RowMatrix training;
        final RowMatrix validation;
        final double[] second;
        final double[] first;
        private final Scope scope;

        private Moments(Scope scope, Device device, Matrix train, Matrix validation, Matrix centers, double gamma) {
            this.scope = scope;
            training = scope.keep(RowMatrix.gaussian(device, train, centers, gamma));
            this.validation = scope.keep(RowMatrix.gaussian(device, validation, centers, gamma));
            second = mean(training.moments(null, 0, train.rows()), train.rows());
            first = mean(this.validation.transposedProducts(null, 0, validation.rows()), validation.rows());
        }

        static Moments of(Device device, Matrix train, Matrix validation, Matrix centers, double gamma) {
            return Scope.building(scope -> new Moments(scope, device, train, validation, centers, gamma));
        }

        @Override
        public void close() {
            scope.close();
        }
    }

    /** The losses of the fits of one bandwidth that leave out a pair ({@code leave_one_out} of {@code kernels/ratio.cu}). */
    private static final class LeaveOneOut implements AutoCloseable {
        private final Scope scope;
        private final Device device;
        private final Moments moments;
        private final int pairs;
        private final Buffer inverse;
        private final Buffer center;
        private final Buffer p;
        private final Buffer q;
        private final Buffer loss;

        private LeaveOneOut(Scope scope, Device device, Moments moments) {
            this.scope = scope;
            this.device = device;
            this.moments = moments;
            long size = moments.first.length;
            pairs = Math.min(moments.training.rows(), moments.validation.rows());
            inverse = scope.keep(device.allocate(ElementType.FLOAT64, size * size));
            center = scope.keep(device.allocate(ElementType.FLOAT64, size));
            p = scope.keep(device.allocate(ElementType.FLOAT64, pairs * size));
            q = scope.keep(device.allocate(ElementType.FLOAT64, pairs * size));
            loss = scope.keep(device.allocate(ElementType.FLOAT64, pairs));
        }

        static LeaveOneOut of(Device device, Moments moments) {
            return Scope.building(scope -> new LeaveOneOut(scope, device, moments));
        }

        /** The mean; NaN where there is no fit. */
        double mean(double lambda) {
            int n = moments.training.rows();
            int m = moments.validation.rows();
            int size = moments.first.length;
            Cholesky factor = factor(moments.second, size, lambda * (n - 1) / n);
            if (factor == null) {
                return Double.NaN;
            }
            inverse.upload(factor.inverse());
            center.upload(factor.solve(moments.first));
            moments.training.transform(inverse, size, pairs, p);
            moments.validation.transform(inverse, size, pairs, q);
            device.launch("leave_one_out", Launch.rows(pairs), moments.training.buffer(), moments.validation.buffer(), p, q, center, loss,
                size,
                n, m);
            double[] losses = new double[pairs];
            loss.download(losses);
            return Arrays.stream(losses).average().orElseThrow();
        }

        @Override
        public void close() {
            scope.close();
        }
    }

    /** With bandwidth and lambda. */
    private record Tuned(Selection selection) implements SummedMethod {
        @Override
        public KernelSums sums(Matrix validation, FitContext context) {
            return new KernelSums(validation.select(KernelCandidates.centers(validation, context)), selection.gamma(), true);
        }

        @Override
        public KernelFunction fit(KernelSums sums, Matrix validation, FitContext context) {
            double[] first;
            try (RowMatrix kernel = RowMatrix.gaussian(context.device(), validation, sums.centers(), selection.gamma())) {
                first = mean(kernel.transposedProducts(null, 0, validation.rows()), validation.rows());
            }
            double[] second = sums.productMeans();
            Cholesky factor = factor(second, first.length, selection.lambda());
            if (factor == null) {
                throw new NoRatioException(String.format(Locale.ROOT, "ls has no solution at gamma %.3g and lambda %.3g", selection.gamma(),
                    selection.lambda()), "choose a larger lambda", false);
            }
            double[] a = factor.solve(first);
            Arrays.setAll(a, l -> Math.max(0, a[l]));
            return KernelFunction.of(NAME, sums.centers(), selection.gamma(), a, sums.means(),
                new RatioFunction.Fit(1, objective(second, first, a, selection.lambda()), 0, true));
        }

        /** 1/2 a'Ha - h'a + lambda/2 |a|^2. */
        private static double objective(double[] second, double[] first, double[] a, double lambda) {
            double objective = 0;
            for (int i = 0; i < a.length; i++) {
                double product = lambda * a[i];
                for (int k = 0; k < a.length; k++) {
                    product += second[i * a.length + k] * a[k];
                }
                objective += a[i] * (product / 2 - first[i]);
            }
            return objective;
        }
    }
}
