package io.github.adiw.ratio;

import io.github.adiw.ratio.ColumnBalance.Numbered;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What speaks against weights, in words, with what to do. */
final class Warnings {
    /** Weights nearer to each other than rounding to float32 may put them. */
    private static final double EQUAL = 1e-6;
    /** Held-out scores of methods are clipped to [1e-6, 1e6]: of a kernel below that nothing can be told. */
    private static final double KERNEL_ZERO = 1e-6;
    private static final double SEPARATED = 0.99;
    private static final double SMALL_SAMPLE = 0.05;
    /** Rows that are few to train on, where weighting left so few */
    private static final double FEW_LEFT = 10;
    /** and took at least a fifth of them. */
    private static final double FEWER = 0.8;
    /** Of fewer rows nothing is known well enough to weight by. */
    private static final int FEW_ROWS = 20;
    /**
     * The mean of a right ratio is 1, and that of an estimate strays from it: by the regularisation of {@code ls} downwards, by the few
     * largest weights of {@code classifier} both ways. A factor of 2 is beyond what an ordinary shift does.
     */
    private static final double FAR = 2;
    private static final double HEAVY_TAIL = 0.7;
    /** The share of the rows that is left where weights are so nearly equal that their tail does not matter. */
    private static final double NEARLY_ALL = 0.9;
    /** The standardised difference of a column that is 0 in one sample and 1 in a tenth of the other. */
    private static final double A_TENTH = Math.sqrt(2 * 0.1 / 0.9);
    /** A difference that counts (see {@link ColumnBalance}). */
    private static final double UNBALANCED = 0.1;
    /** A difference that is worth a word although weighting made it smaller. */
    private static final double STILL_APART = 0.25;
    /** The share of its difference that a column may keep without a word. */
    private static final double LARGE_REST = 1 / 3.0;
    /** Standard errors of a difference of means that chance does not make in one column. */
    private static final double BEYOND_CHANCE = 3.5;
    /** Standard errors of a difference of means that chance makes in one column of twenty. */
    private static final double ONE_OF_TWENTY = 1.96;
    /** Standard errors that chance lifts one held-out score of twenty above 0. */
    private static final double SCORE_BY_CHANCE = 1.645;
    /** {@code kl-direct} is of use stopped early; after so many steps it has begun to collapse. */
    private static final int FEW_STEPS = 100;
    private static final String STOPPED_EARLY = "kl-direct";
    private static final int NAMED = 3;
    /** Programs that are solved as they are, without anything that evens weights out. */
    private static final Set<String> UNREGULARISED = Set.of("kmm-exact", "diw");
    /** The share of the sample below which their weights were worse than equal ones on shifts of ordinary size. */
    private static final double FOLLOWS_NOISE = 0.3;

    private final FittedWeights fitted;
    private final Diagnostics found;
    private final List<Numbered> balance;
    private final List<String> sentences = new ArrayList<>();

    private Warnings(FittedWeights fitted, Diagnostics found, List<Numbered> balance) {
        this.fitted = fitted;
        this.found = found;
        this.balance = balance;
    }

    /**
     * The gravest first.
     *
     * @param balance of {@link Diagnostics#balance}, in that order
     */
    static List<String> of(FittedWeights fitted, Diagnostics found, List<Numbered> balance) {
        Warnings warnings = new Warnings(fitted, found, balance);
        warnings.supports();
        if (found.trainRows() > 1 && found.maximum() - found.minimum() <= EQUAL * found.maximum()) {
            warnings
                .say("All weights are equal: nothing was found that tells training from validation rows. If the two are not meant to be "
                    + "alike, choose another method or a smaller bandwidth, and look whether the columns that changed are there.");
        } else {
            warnings.sample();
            warnings.balance();
            warnings.heldOut();
        }
        warnings.fit();
        warnings.sentences.addAll(fitted.warnings);
        return List.copyOf(warnings.sentences);
    }

    /** What speaks against weights before they are estimated: that a sample has few rows. One sentence, or none. */
    static List<String> ofFewRows(int train, int validation) {
        int least = Math.min(train, validation);
        if (least >= FEW_ROWS) {
            return List.of();
        }
        String which = validation > least ? "training" : "validation";
        return List.of(String.format(Locale.ROOT,
            "There %s only %d %s %s: by chance alone the mean of a column is off by about %.2f of its "
                + "standard deviation, and the weights follow that. Get more %s rows.",
            least == 1 ? "is" : "are", least, which,
            least == 1 ? "row" : "rows", 1 / Math.sqrt(least), which));
    }

    private void say(String format, Object... values) {
        sentences.add(String.format(Locale.ROOT, format, values));
    }

    private void supports() {
        List<String> signs = new ArrayList<>();
        int[] apart = IntStream.range(0, fitted.columns.size()).filter(this::apart).toArray();
        if (apart.length > 0) {
            signs.add("no value in a validation row is within the range of the training rows in " + names(apart));
        }
        int[] unknown = balance.stream().filter(this::unknown).mapToInt(Numbered::number).toArray();
        if (unknown.length > 0) {
            signs.add("training rows have one value alone, and many validation rows another, in " + names(unknown));
        }
        if (fitted.areaUnderCurve >= SEPARATED) {
            signs.add(String.format(Locale.ROOT, "a classifier tells them apart almost without fail (held-out AUC %.4f)",
                fitted.areaUnderCurve));
        }
        if (fitted.largestKernel < KERNEL_ZERO) {
            signs.add(String.format(Locale.ROOT, "the kernel is 0 between them (%.1e at most)", fitted.largestKernel));
        }
        if (!signs.isEmpty()) {
            sentences.add("The supports of training and validation rows do not overlap: " + String.join("; ", signs)
                + ". No weights can make up for rows that are not there: leave out columns that only say where or when a row was "
                + "recorded, get training rows that resemble the validation rows, or choose a larger bandwidth if you set it yourself.");
        }
    }

    private boolean apart(int c) {
        return fitted.validation.least()[c] > fitted.train.most()[c] || fitted.validation.most()[c] < fitted.train.least()[c];
    }

    /** A column that is constant among the training rows, and not so for at least a tenth of the validation rows. */
    private boolean unknown(Numbered b) {
        int c = b.number();
        return fitted.train.least()[c] == fitted.train.most()[c] && !apart(c) && before(b) >= A_TENTH;
    }

    private String names(int[] columns) {
        String some = IntStream.of(columns).limit(NAMED).mapToObj(c -> "'" + fitted.columns.get(c) + "'").collect(Collectors.joining(", "));
        return (columns.length == 1 ? "the column " : "the columns ") + some
            + (columns.length > NAMED ? " and " + (columns.length - NAMED) + " more" : "");
    }

    private void sample() {
        int n = found.trainRows();
        double left = found.effectiveSampleSize();
        if (left < Math.max(SMALL_SAMPLE * n, Math.min(FEW_LEFT, FEWER * n))) {
            say("The weighted sample is worth %s of %,d rows (%.1f %%): what is trained on it will be noisy. Set an upper bound for the "
                + "weights, get more training rows, or leave out columns that do not matter for your model.",
                String.format(Locale.ROOT, left < 10 ? "%.1f" : "%,.0f", left), n, 100 * left / n);
        }
        if (found.hasHeavyTail()) {
            say("Pareto k is %.2f, above 0.7: few rows with large weights carry weighted means, which should not be trusted. Set an upper "
                + "bound for the weights, get more training rows where the largest weights are, or leave out columns.", found.paretoK());
        }
        if (found.sum() > FAR * n || found.sum() < n / FAR) {
            say("The weights summed to %s before they were normalised, where a right ratio sums to about the %,d training rows: it was "
                + "estimated badly. Try another method, or let the bandwidth be chosen from the data.", number(found.sum()), n);
        }
        if (fitted.atBound > 0) {
            say("%,d of %,d weights (%.1f %%) are at the upper bound of %s: the weighted rows stay nearer to the training rows than they "
                + "would without it. Raise the bound if that matters more than even weights.", fitted.atBound, n,
                100 * found.fractionAtBound(), number(fitted.upperBound));
        }
    }

    /** Of the column that was the worst; and of those that were not bad, and were made so; not of those that {@link #supports} names. */
    private void balance() {
        List<Numbered> comparable = balance.stream().filter(b -> !apart(b.number()) && !unknown(b)).toList();
        if (comparable.isEmpty()) {
            return;
        }
        Numbered worst = Collections.max(comparable, Comparator.comparingDouble(Warnings::before));
        double before = before(worst);
        if (before > Math.max(UNBALANCED, chance(found.trainRows())) && after(worst) >= before) {
            sentences.add(worse(worst));
            return;
        }
        Numbered now = comparable.get(0);
        if (after(now) > Math.max(Math.max(before, UNBALANCED), before(now) + chance(found.effectiveSampleSize()))) {
            sentences.add(worse(now));
        } else if (isStillApart(now)) {
            say("The column '%s' is still %.2f apart after weighting (%.2f before): leave out columns that do not matter for your model, "
                + "or get more rows.", now.balance().column(), after(now), before(now));
        }
    }

    private static double before(Numbered b) {
        return Math.abs(b.balance().before());
    }

    private static double after(Numbered b) {
        return Math.abs(b.balance().after());
    }

    /** Not a level that no training row has, which no weights bring nearer: {@link #supports} says whether it matters. */
    private boolean isStillApart(Numbered b) {
        int c = b.number();
        double after = after(b);
        return fitted.train.least()[c] < fitted.train.most()[c] && after >= STILL_APART && after > chance(found.effectiveSampleSize())
            && after > LARGE_REST * before(b);
    }

    /**
     * The largest standardised difference that chance makes between so many training rows and the validation rows in any of the columns.
     * What is looked at is the worst of d: the normal distribution has less beyond sqrt(z^2 + 2 ln d) than a d-th of what it has beyond z.
     */
    private double chance(double trainRows) {
        return chance(trainRows, BEYOND_CHANCE);
    }

    private double chance(double trainRows, double errorsOfOne) {
        double errors = Math.sqrt(errorsOfOne * errorsOfOne + 2 * Math.log(fitted.columns.size()));
        return errors * Math.sqrt(1 / trainRows + 1.0 / found.validationRows());
    }

    private String worse(Numbered numbered) {
        int c = numbered.number();
        ColumnBalance b = numbered.balance();
        double least = fitted.train.least()[c];
        double most = fitted.train.most()[c];
        String end = b.validation() > most ? "end at " + number(most) : b.validation() < least ? "begin at " + number(least) : null;
        String what = String.format(Locale.ROOT,
            "Weighting does not balance the column '%s': its standardised difference was %s and is %s. ",
            b.column(), number(b.before()), number(b.after()));
        return what + (end == null
            ? "Try another method, or leave the column out if it does not matter for your model."
            : "No weights can, since the mean of the validation rows is " + number(b.validation()) + " and the training rows " + end
                + ": leave the column out, or get training rows that reach further.");
    }

    private void heldOut() {
        double score = found.scores().getOrDefault(found.method(), Double.NaN);
        if (score <= 0) {
            say("Rows that were held out are described no better with weights than without (score %.3f; equal weights have 0): %s.",
                score > -0.0005 ? 0 : score,
                fitted.compared ? "get more rows, leave out columns that do not matter for your model or, if the two samples are alike, "
                    + "train without weights" : "if the two samples are alike, train without weights; else take method auto");
        } else if (score < SCORE_BY_CHANCE * fitted.scoreError && !balances()) {
            say("Rows that were held out are described hardly better with weights than without (score %.4f with a standard error of %.4f; "
                + "equal weights have 0): the weights may follow chance alone. If the two samples are alike, train without weights; else "
                + "get more rows, or leave out columns that do not matter for your model.", score, fitted.scoreError);
        }
    }

    /** Whether the column that was worst was so by more than chance, as one of twenty is, and weighting took at least half of that away. */
    private boolean balances() {
        Numbered worst = Collections.max(balance, Comparator.comparingDouble(Warnings::before));
        return before(worst) > chance(found.trainRows(), ONE_OF_TWENTY) && after(worst) <= before(worst) / 2;
    }

    /** {@link Diagnostics#hasHeavyTail}. */
    static boolean hangsOnFewRows(double paretoK, double effectiveSampleSize, int rows) {
        return paretoK > HEAVY_TAIL && effectiveSampleSize < NEARLY_ALL * rows;
    }

    /** Whether a method is of use stopped early alone. */
    static boolean isForFewSteps(String method) {
        return method.equals(STOPPED_EARLY);
    }

    private void fit() {
        boolean early = isForFewSteps(fitted.method);
        if (early && fitted.steps > 0 && (fitted.converged || fitted.steps >= FEW_STEPS)) {
            say("%s was run past its use, for %,d steps: as it converges all weight goes to a few training rows. Stop it after a few "
                + "steps, or take the method kl.", STOPPED_EARLY, fitted.steps);
        } else if (!early && !fitted.converged) {
            say("%s did not converge in %,d steps: its weights would still change. Take another method%s.", fitted.method, fitted.steps,
                fitted.compared ? "" : ", or auto, which chooses among some that soon converge");
        }
        if (UNREGULARISED.contains(fitted.method) && found.effectiveSampleSize() < FOLLOWS_NOISE * found.trainRows()) {
            say("%s matches kernel means to the noise of both samples, and keeps %,.0f of %,d rows: its weights are often worse than equal "
                + "ones. Take km, whose ridge evens them out, or auto.", fitted.method, found.effectiveSampleSize(), found.trainRows());
        }
    }

    /** To three digits, without an exponent where it is not needed. */
    private static String number(double x) {
        double size = Math.abs(x);
        String format = size >= 1e6 || size > 0 && size < 1e-3 ? "%.2e" : size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : "%.3g";
        return String.format(Locale.ROOT, format, x);
    }
}
