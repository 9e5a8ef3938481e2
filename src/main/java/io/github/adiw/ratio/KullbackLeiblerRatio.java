package io.github.adiw.ratio;

import io.github.adiw.AdiwException;
import io.github.adiw.ratio.RowDraw.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * {@code kl}: KLIEP (Sugiyama, Suzuki, Nakajima, Kashima, von Buenau, Kawanabe, Annals of the Institute of Statistical Mathematics
 * 2008), the kernel model whose weighted training distribution has the least Kullback-Leibler divergence from the validation
 * distribution. The bandwidth is that with the largest likelihood of validation rows that were left out (section 2.3), five folds; the
 * centers among them are left out too, or narrow bandwidths would always win.
 */
final class KullbackLeiblerRatio implements RatioMethod {
    private static final String NAME = "kl";
    private static final int FOLDS = 5;
    /** Rows that a message names. */
    private static final int NAMED = 3;
    /** A kernel mean below this is that of kernels that were all cut at exp(-80): no training row is near. */
    private static final double NO_TRAINING_ROW = 1e-34;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public TunedMethod tune(Matrix train, Matrix validation, FitContext context) {
        double[] gammas = KernelCandidates.gammas(train, validation, context);
        if (gammas.length == 1) {
            return new Tuned(new Selection(gammas[0], Double.NaN, null, Double.NaN));
        }
        if (validation.rows() < 2) {
            throw new AdiwException(
                "kl chooses its bandwidth by validation rows that are left out, and there is only one: give more rows, or"
                    + " a bandwidth");
        }
        double[] scores = scores(train, validation, gammas, context);
        int best = -1;
        for (int i = 0; i < scores.length; i++) {
            if (Double.isFinite(scores[i]) && (best < 0 || scores[i] > scores[best])) {
                best = i;
            }
        }
        if (best < 0) {
            throw noBandwidth(train, validation, gammas[gammas.length - 1], context);
        }
        return new Tuned(new Selection(gammas[best], Double.NaN, null, scores[best]));
    }

    /** Names the validation rows that are at fault: those without a training row near at the widest bandwidth. */
    private static NoRatioException noBandwidth(Matrix train, Matrix validation, double widest, FitContext context) {
        List<Integer> alone = new ArrayList<>();
        for (int from = 0; from < validation.rows(); from += context.centers()) {
            KernelSums sums = new KernelSums(validation.slice(from, Math.min(context.centers(), validation.rows() - from)), widest, false);
            sums.add(train, context.device());
            double[] means = sums.means();
            for (int j = 0; j < means.length; j++) {
                if (!near(means[j])) {
                    alone.add(validation.number(from + j));
                }
            }
        }
        if (alone.isEmpty()) {
            return new NoRatioException("at every bandwidth of kl some validation row that is left out has no other one near",
                "give more validation rows, or use method classifier", false);
        }
        alone.sort(null);
        String rows = alone.stream().limit(NAMED).map(String::valueOf).collect(Collectors.joining(", "))
            + (alone.size() > NAMED ? " and " + (alone.size() - NAMED) + " more" : "");
        return new NoRatioException(String.format(Locale.ROOT, "none of the %,d training rows that kl chooses by is near to %,d of the "
            + "%,d validation rows, at any of its bandwidths (counted from 0: %s)", train.rows(), alone.size(), validation.rows(), rows),
            "look whether their values are right, get training rows that are like them, or use method classifier", false);
    }

    /**
     * The mean of log r over validation rows that were left out, by candidate; NaN where there is no fit.
     *
     * @param gammas the candidates
     */
    static double[] scores(Matrix train, Matrix validation, double[] gammas, FitContext context) {
        int rows = validation.rows();
        int[] centers = KernelCandidates.centers(validation, context);
        int folds = Math.min(FOLDS, rows);
        int[] fold = RowDraw.folds(validation.keys(), folds, context.seed(), Purpose.FOLDS_VALIDATION);
        // A fold that has all centers leaves none to fit with.
        int[] used = IntStream.range(0, folds).filter(f -> Arrays.stream(centers).anyMatch(c -> fold[c] != f)).toArray();
        double[] scores = new double[gammas.length];
        for (int i = 0; i < gammas.length; i++) {
            try (Kernels kernels = Kernels.of(train, validation, centers, gammas[i], context)) {
                for (int k = 0; k < used.length; k++) {
                    context.progress("kl: choosing the bandwidth", (long) i * used.length + k, (long) gammas.length * used.length);
                    scores[i] += reach(kernels.means()) ? kernels.heldOut(fold, used[k]) / used.length : Double.NaN;
                }
            }
        }
        return scores;
    }

    /** Whether every center has a training row near. */
    private static boolean reach(double[] means) {
        return Arrays.stream(means).allMatch(KullbackLeiblerRatio::near);
    }

    private static boolean near(double mean) {
        return mean > NO_TRAINING_ROW;
    }

    /**
     * The kernels of one bandwidth.
     *
     * @param validation at the validation rows {@code [m, centers]}
     * @param centers    numbers of the validation rows that are centers
     * @param means      their means over the training rows {@code [centers]}
     */
    private record Kernels(RowMatrix validation, int[] centers, double[] means) implements AutoCloseable {
        static Kernels of(Matrix train, Matrix validation, int[] centers, double gamma, FitContext context) {
            Matrix points = validation.select(centers);
            KernelSums sums = new KernelSums(points, gamma, false);
            sums.add(train, context.device());
            return new Kernels(RowMatrix.gaussian(context.device(), validation, points, gamma), centers, sums.means());
        }

        /** The mean of log r over a fold, fitted without it. */
        double heldOut(int[] fold, int left) {
            boolean[] rows = new boolean[fold.length];
            boolean[] columns = new boolean[centers.length];
            for (int j = 0; j < rows.length; j++) {
                rows[j] = fold[j] != left;
            }
            for (int l = 0; l < columns.length; l++) {
                columns[l] = rows[centers[l]];
            }
            double[] r = new MixtureProportions(validation, means, rows).solve(columns).ratios();
            return IntStream.range(0, rows.length).filter(j -> !rows[j]).mapToDouble(j -> Math.log(r[j])).average().orElseThrow();
        }

        @Override
        public void close() {
            validation.close();
        }
    }

    /** With its bandwidth. */
    private record Tuned(Selection selection) implements SummedMethod {
        @Override
        public KernelSums sums(Matrix validation, FitContext context) {
            return new KernelSums(validation.select(KernelCandidates.centers(validation, context)), selection.gamma(), false);
        }

        @Override
        public KernelFunction fit(KernelSums sums, Matrix validation, FitContext context) {
            double[] means = sums.means();
            if (!reach(means)) {
                throw new NoRatioException(String.format(Locale.ROOT, "some validation rows are so far from all training rows that its "
                    + "kernel (gamma %.3g) is 0 between them", selection.gamma()), KernelFunction.NARROW, false);
            }
            boolean[] rows = new boolean[validation.rows()];
            boolean[] columns = new boolean[means.length];
            Arrays.fill(rows, true);
            Arrays.fill(columns, true);
            try (RowMatrix kernel = RowMatrix.gaussian(context.device(), validation, sums.centers(), selection.gamma())) {
                MixtureProportions.Solution solution = new MixtureProportions(kernel, means, rows).solve(columns);
                return KernelFunction.of(NAME, sums.centers(), selection.gamma(), solution.coefficients(means), means,
                    new RatioFunction.Fit(solution.steps(), solution.objective(), Math.max(0, solution.gap()), solution.converged()));
            }
        }
    }
}
