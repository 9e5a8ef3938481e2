package io.github.adiw.ratio;

import io.github.adiw.ratio.RowDraw.Purpose;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The ratio of densities from a logistic regression that tells validation rows (label 1) from training rows (label 0): r = odds n / m
 * (Bickel, Brueckner, Scheffer 2009, "Discriminative learning under covariate shift", section 4). Linear terms, or linear and quadratic
 * ones where that makes at most 500, and C, 1 or 3 times a power of ten from 10^-4 to 10^2, are those of the least log-loss of rows that
 * were held out, in five folds of both samples. With whole decades the mean error over benchmarks/ratio's problems was 0.240, not 0.232.
 *
 * <p>At most 8,191 columns: the second derivatives of their 8,192 terms, in double precision, are {@value #MOST_HESSIAN} numbers, 512 MiB,
 * of which a fit holds about five such matrices, and time grows with the cube of the terms.
 */
final class ClassifierRatio implements RatioMethod {
    private static final int FOLDS = 5;
    private static final int MOST_TERMS = 500;
    /** Second derivatives. */
    private static final int MOST_HESSIAN = 1 << 26;
    /** Terms of all rows together, as many as there may be where somebody else says how many rows: 256 MiB. */
    private static final int MOST_NUMBERS = 1 << 26;
    /** C where there are too few rows to compare any. */
    private static final double UNTRIED_STRENGTH = 0.1;
    /** Strengths of regularisation as scikit-learn's C, the strongest first. */
    private static final double[] STRENGTHS = {1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1, 3, 1e1, 3e1, 1e2};
    /** A held-out loss, in nats a row, that is no lower by more than this is no better: fewer terms and a smaller C win. */
    private static final double TIE = 1e-5;
    /** Strengths in a row that are worse than the best so far, after which weaker regularisation is not tried. */
    private static final int PATIENCE = 3;
    /** Most of a log-loss, in nats a row, by which a fold's fit may be off the minimum of what it minimises. */
    private static final double FOLD_TOLERANCE = 1e-10;
    /** Of coefficients. */
    private static final double TOLERANCE = 1e-7;

    @Override
    public String name() {
        return "classifier";
    }

    @Override
    public Tuned tune(Matrix train, Matrix validation, FitContext context) {
        requireRoom(LogisticFunction.terms(train.columns(), false));
        int least = Math.min(train.rows(), validation.rows());
        if (least < FOLDS) {
            context.listener().notice("classifier: a sample has only " + least + (least == 1 ? " row: " : " rows: ") + (least == 1
                ? "linear terms and C = " + UNTRIED_STRENGTH + " were taken untried" : "chosen by " + least + " folds, not " + FOLDS));
        }
        if (least == 1) {
            return new Tuned(new Selection(Double.NaN, UNTRIED_STRENGTH, terms(false), Double.NaN), Double.NaN, null);
        }
        int columns = train.columns();
        boolean both = columns + LogisticFunction.pairs(columns) <= MOST_TERMS;
        Search search = new Search(train, validation, Math.min(least, FOLDS), both ? 2 : 1, context);
        search.compare(false);
        if (both) {
            search.compare(true);
        }
        return search.best;
    }

    private static void requireRoom(long terms) {
        if (terms * terms > MOST_HESSIAN) {
            long most = (long) Math.sqrt(MOST_HESSIAN) - 1;
            throw new NoRatioException(String.format(Locale.ROOT,
                "the second derivatives of the classifier's %,d terms would take %,d MiB, "
                    + "and its limit is %,d MiB, %,d columns",
                terms, terms * terms * Double.BYTES >> 20, (long) MOST_HESSIAN * Double.BYTES >> 20,
                most), "leave out columns, or take kl or ls", false);
        }
    }

    private static String terms(boolean quadratic) {
        return quadratic ? "quadratic" : "linear";
    }

    /** The comparison of terms and strengths on the same folds. */
    private static final class Search {
        private final Matrix train;
        private final Matrix validation;
        private final FitContext context;
        /** For every fold, 1 for the rows to fit to and 0 for those held out. */
        private final List<double[]> fitted = new ArrayList<>();
        private final long most;
        private long done;
        private Tuned best;

        Search(Matrix train, Matrix validation, int folds, int kinds, FitContext context) {
            this.train = train;
            this.validation = validation;
            this.context = context;
            int[] trainFolds = RowDraw.folds(train.keys(), folds, context.seed(), Purpose.FOLDS_TRAIN);
            int[] validationFolds = RowDraw.folds(validation.keys(), folds, context.seed(), Purpose.FOLDS_VALIDATION);
            for (int fold = 0; fold < folds; fold++) {
                double[] weights = new double[train.rows() + validation.rows()];
                for (int row = 0; row < weights.length; row++) {
                    weights[row] = (row < train.rows() ? trainFolds[row] : validationFolds[row - train.rows()]) == fold ? 0 : 1;
                }
                fitted.add(weights);
            }
            most = (long) kinds * STRENGTHS.length * (folds + 1);
        }

        /** Tries strengths, each fit on all rows from the one before, each fold's from that on all rows. */
        void compare(boolean quadratic) {
            Matrix terms = LogisticFunction.terms(train, validation, quadratic);
            try (RowMatrix matrix = RowMatrix.of(context.device(), terms)) {
                LogisticRegression regression = new LogisticRegression(matrix, train.rows());
                LogisticRegression.Solution whole = regression.start();
                double least = Double.POSITIVE_INFINITY;
                int worse = 0;
                for (int i = 0; i < STRENGTHS.length && worse < PATIENCE; i++) {
                    double strength = STRENGTHS[i];
                    double tolerance = Math.sqrt(2 * FOLD_TOLERANCE * strength * matrix.rows());
                    whole = regression.fit(strength, null, whole, tolerance);
                    progress();
                    double[] predictors = new double[matrix.rows()];
                    double loss = 0;
                    for (double[] weights : fitted) {
                        double[] found = regression.fit(strength, weights, whole, tolerance).predictors();
                        for (int row = 0; row < found.length; row++) {
                            if (weights[row] == 0) {
                                predictors[row] = found[row];
                                loss += regression.loss(found[row], row) / found.length;
                            }
                        }
                        progress();
                    }
                    if (best == null || loss < best.selection.score() - TIE) {
                        best = new Tuned(new Selection(Double.NaN, strength, terms(quadratic), loss),
                            AreaUnderCurve.of(predictors, train.rows()), whole.coefficients());
                    }
                    worse = loss > least + TIE ? worse + 1 : 0;
                    least = Math.min(least, loss);
                }
            }
        }

        private void progress() {
            context.progress("classifier: choosing terms and strength", ++done, most);
        }
    }

    /**
     * Terms and strength.
     *
     * @param selection    with C as {@code lambda}
     * @param heldOutArea  the area under the ROC curve of the held-out rows, by the regressions that did not see them: 1 where both samples
     *                     can be told apart, so that there is no overlap; NaN where nothing was held out
     * @param coefficients of the fit to the rows that were used for choosing, where the next one begins; null where there was none
     */
    record Tuned(Selection selection, double heldOutArea, double[] coefficients) implements TunedMethod {
        /** All terms of all rows are held at once. */
        @Override
        public int mostRows(int columns) {
            return (int) (MOST_NUMBERS / LogisticFunction.terms(columns, quadratic()));
        }

        private boolean quadratic() {
            return selection.terms().equals(terms(true));
        }

        @Override
        public LogisticFunction fit(Matrix train, Matrix validation, FitContext context) {
            Matrix terms = LogisticFunction.terms(train, validation, quadratic());
            context.progress("classifier: fitting", 0, 1);
            try (RowMatrix matrix = RowMatrix.of(context.device(), terms)) {
                LogisticRegression regression = new LogisticRegression(matrix, train.rows());
                LogisticRegression.Solution solution = regression.fit(selection.lambda(), null,
                    coefficients == null ? regression.start() : regression.start(coefficients), TOLERANCE);
                context.progress("classifier: fitting", 1, 1);
                return LogisticFunction.of(solution.coefficients(), train.columns(), train.rows(), validation.rows(),
                    new RatioFunction.Fit(solution.steps(), regression.objective(solution, selection.lambda()), solution.decrement(),
                        solution.converged()));
            }
        }
    }
}
