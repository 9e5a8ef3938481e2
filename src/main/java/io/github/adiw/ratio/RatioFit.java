package io.github.adiw.ratio;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.Rows;
import io.github.adiw.device.Device;
import io.github.adiw.ratio.RowDraw.Purpose;
import io.github.adiw.weight.Bandwidth;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.Divergences;
import io.github.adiw.weight.EstimatedWeights;
import io.github.adiw.weight.EstimationSettings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** One fit of a {@link DensityRatio}, from the rows to the result. */
final class RatioFit {
    /** Rows that selection uses at most. */
    static final int MOST_TRAIN = 20_000;
    /** Rows that selection uses at most. */
    static final int MOST_VALIDATION = 5_000;
    static final List<RatioMethod> METHODS = List.of(new KullbackLeiblerRatio(), new LeastSquaresRatio(), new ClassifierRatio());

    /** Columns that a notice names. */
    private static final int NAMED = 3;

    private final DensityRatio.Builder options;
    private FitContext context;
    private final Rows train;
    private final Rows validation;
    private final List<String> names;
    private final List<String> warnings = new ArrayList<>();
    private final Map<String, Double> scores = new LinkedHashMap<>();
    private final Map<String, Double> scoreErrors = new HashMap<>();
    private Standardization scaling;
    private Matrix t;
    private Matrix v;
    private double separation = Double.NaN;
    private Candidate chosen;
    private int warningsOfChoice;

    RatioFit(DensityRatio.Builder options, FitContext context, Rows train, Rows validation, List<String> names) {
        this.options = options;
        this.context = warning(context, context.listener());
        this.train = train;
        this.validation = validation;
        this.names = names;
    }

    /** The context with another listener; what it warns of is said once. */
    private FitContext warning(FitContext from, FitListener listener) {
        return new FitContext(from.device(), from.bandwidth(), from.lambda(), from.centers(), from.seed(), listener, sentence -> {
            if (!warnings.contains(sentence)) {
                warnings.add(sentence);
            }
        });
    }

    /** A method with what was chosen, and its held-out score. */
    private record Candidate(RatioMethod method, TunedMethod tuned, double score) {
    }

    /** Names of all methods. */
    static Set<String> methods() {
        Set<String> all = new TreeSet<>(Divergences.all().keySet());
        all.addAll(DensityRatio.RATIO_METHODS);
        return all;
    }

    DensityRatio run() {
        if (!DensityRatio.RATIO_METHODS.contains(options.method()) && !methods().contains(options.method())) {
            throw UsageException.of("method", "there is no method " + options.method() + ": choose one of " + String.join(", ", methods()));
        }
        warnings.addAll(Warnings.ofFewRows(train.rows(), validation.rows()));
        scaling = Standardization.of(train, validation, options.standardize(),
            look -> context.progress(options.method() + ": scaling the columns", look, Standardization.LOOKS));
        sayWhatIsDropped();
        sayWhatIsHeavy();
        if (scaling.columns().length == 0) {
            return result(options.method(), new ConstantRatio(), new Selection(Double.NaN, Double.NaN, null, Double.NaN));
        }
        t = scaled("training", train);
        v = scaled("validation", validation);
        List<RatioMethod> asked = METHODS.stream().filter(m -> options.method().equals("auto") || m.name().equals(options.method()))
            .toList();
        return asked.isEmpty() ? divergence(Divergences.get(options.method())) : function(asked);
    }

    /** All rows, as methods see them, with their keys. */
    private Matrix scaled(String kind, Rows rows) {
        float[] values = scaling.apply(rows, 0, rows.rows()).values();
        String what = options.method() + ": ranking the columns of the " + kind + " rows";
        long[] keys = RowDraw.keys(rows, column -> context.progress(what, column, rows.columns()));
        return new Matrix(values, rows.rows(), scaling.columns().length, keys);
    }

    private void sayWhatIsDropped() {
        List<Integer> dropped = scaling.dropped(train.columns());
        if (!dropped.isEmpty()) {
            context.listener().notice("Left out, since all their values are equal: "
                + dropped.stream().limit(10).map(names::get).collect(Collectors.joining(", "))
                + (dropped.size() > 10 ? " and " + (dropped.size() - 10) + " more" : "") + ".");
        }
    }

    private void sayWhatIsHeavy() {
        int[] heavy = IntStream.range(0, scaling.columns().length).filter(k -> scaling.heavy()[k]).toArray();
        if (heavy.length == 0) {
            return;
        }
        int[] named = IntStream.of(heavy).limit(NAMED).toArray();
        double[] farthest = scaling.farthest(named, train, validation);
        String texts = IntStream.range(0, named.length).mapToObj(i -> String.format(Locale.ROOT,
            "'%s' (such as %.4g, where half of the rows are within %.3g of %.4g)", names.get(scaling.columns()[named[i]]), farthest[i],
            scaling.usual(named[i]), scaling.center()[named[i]])).collect(Collectors.joining(", "));
        context.listener().notice("A few rows are very far from all others in " + texts
            + (heavy.length > NAMED ? " and in " + (heavy.length - NAMED) + " more columns" : "")
            + ": so far out the logarithm of the distance counts. If such values are codes for missing ones, mark them as missing.");
    }

    private DensityRatio function(List<RatioMethod> asked) {
        Matrix some = drawn("training", t, MOST_TRAIN, Purpose.SELECTION_TRAIN);
        Matrix world = drawn("validation", v, MOST_VALIDATION, Purpose.SELECTION_VALIDATION);
        List<Candidate> candidates = new ArrayList<>();
        String failure = null;
        try {
            HeldOutScore score = new HeldOutScore(some, world, context);
            for (RatioMethod method : asked) {
                try {
                    TunedMethod tuned = method.tune(some, world, context);
                    candidates.add(new Candidate(method, tuned, Double.NaN));        // so that there is one if the next is cancelled
                    if (tuned instanceof ClassifierRatio.Tuned classifier) {
                        separation = classifier.heldOutArea();
                    }
                    if (score.possible()) {
                        HeldOutScore.Score reached = score.of(method, tuned);
                        candidates.set(candidates.size() - 1, new Candidate(method, tuned, reached.mean()));
                        scores.put(method.name(), reached.mean());
                        scoreErrors.put(method.name(), reached.error());
                    }
                } catch (FitCancelledException e) {
                    throw e;
                } catch (AdiwException e) {
                    candidates.removeIf(c -> c.method() == method);
                    failure = method.name() + ": " + e.getMessage();
                    if (asked.size() > 1) {
                        leaveOut(method, e);
                    }
                }
            }
        } catch (FitCancelledException e) {
            if (candidates.isEmpty()) {
                throw e;
            }
            warnings.add("Stopped before everything was compared: these weights are those of the best method by then.");
        }
        return best(candidates, failure);
    }

    private DensityRatio best(List<Candidate> candidates, String failure) {
        // What is being fitted now is fitted to the end, so that somebody who stops it has weights.
        FitContext last = warning(context, FitListener.NONE);
        List<Candidate> left = new ArrayList<>(candidates);
        String why = failure;
        while (!left.isEmpty()) {
            Candidate best = left.get(0);
            for (Candidate c : left) {
                best = c.score() > best.score() || Double.isNaN(best.score()) && !Double.isNaN(c.score()) ? c : best;
            }
            chosen = best;
            warningsOfChoice = warnings.size();
            try {
                return result(best.method().name(), best.tuned().fit(t, v, last), best.tuned().selection());
            } catch (AdiwException e) {
                warnings.subList(warningsOfChoice, warnings.size()).clear();
                left.remove(best);
                why = best.method().name() + ": " + e.getMessage();
                leaveOut(best.method(), e);
            }
        }
        throw new AdiwException("no weights could be computed: " + why);
    }

    /** What was chosen, if it is fitted by sums; else null. */
    SummedMethod summed() {
        return chosen != null && chosen.tuned() instanceof SummedMethod method ? method : null;
    }

    /** Empty. */
    TrainingSums sums() {
        return new TrainingSums(train.columns(), scaling, summed().sums(v, context));
    }

    /** What was chosen, fitted to other training rows, of which these are the sums; {@link #run} was before. */
    DensityRatio fit(TrainingSums sums, Device device) {
        context = context.on(device);
        warnings.subList(warningsOfChoice, warnings.size()).clear();
        KernelFunction function = summed().fit(sums.kernels(), v, warning(context, FitListener.NONE));
        double bound = bound();
        double mean = bound < Double.POSITIVE_INFINITY ? Double.NaN : function.mean(sums.kernels().means());
        return result(chosen.method().name(), function, chosen.tuned().selection(), function.at(t, device), function.fit(), bound, mean);
    }

    /** Whether no column varies, so that nothing was chosen; {@link #run} was before. */
    boolean isConstant() {
        return chosen == null;
    }

    /** How many other training rows {@link #fit(Rows, Device)} can be given; {@link #run} was before. */
    int mostRows() {
        return isConstant() ? Integer.MAX_VALUE : chosen.tuned().mostRows(t.columns());
    }

    /** What was chosen, fitted to other training rows; {@link #run} was before, and something was chosen. */
    DensityRatio fit(Rows rows, Device device) {
        context = context.on(device);
        warnings.subList(warningsOfChoice, warnings.size()).clear();
        Matrix scaled = scaling.apply(rows, 0, rows.rows());
        RatioFunction function = chosen.tuned().fit(scaled, v, warning(context, FitListener.NONE));
        double bound = bound();
        double mean = Arrays.stream(function.at(scaled, device)).map(r -> Math.min(r, bound)).average().orElseThrow();
        return result(chosen.method().name(), function, chosen.tuned().selection(), function.at(t, device), function.fit(), bound, mean);
    }

    private double bound() {
        return options.upperBound() == null ? Double.POSITIVE_INFINITY : options.upperBound();
    }

    /** Of a trial whose settings the data chose nothing is to be done, as long as another method has weights. */
    private void leaveOut(RatioMethod method, AdiwException why) {
        scores.put(method.name(), Double.NaN);
        NoRatioException found = why instanceof NoRatioException none ? none : null;
        boolean tuned = context.bandwidth() == null && context.lambda() == null;
        String sentence = "Method " + method.name() + " is left out: " + (tuned && found != null ? found.reason() : why.getMessage()) + ".";
        if (tuned && found != null && !found.isDegenerate()) {
            context.listener().notice(sentence);
        } else {
            warnings.add(sentence);
        }
    }

    private Matrix drawn(String kind, Matrix rows, int most, Purpose purpose) {
        if (rows.rows() <= most) {
            return rows;
        }
        context.listener().notice(String.format(Locale.ROOT, "Everything is chosen by %,d of the %,d %s rows, and fitted to all.", most,
            rows.rows(), kind));
        return rows.select(RowDraw.atMost(most, rows.keys(), context.seed(), purpose));
    }

    private DensityRatio divergence(Divergence divergence) {
        EstimationSettings given = options.settings();
        double gamma = divergence.usesBandwidth() ? PairDistances.gamma(context, t, v, Bandwidth.MEDIAN) : Double.NaN;
        float ridge = given.ridge() == null ? divergence.defaultRidge() : given.ridge();
        EstimationSettings settings = given.toBuilder().seed(context.seed()).normalize(false).ridge(ridge)
            .upperBound(options.upperBound() == null ? given.upperBound() : options.upperBound())
            .lambda(context.lambda() == null ? given.lambda() : context.lambda())
            .bandwidth(divergence.usesBandwidth() ? new Bandwidth(Bandwidth.Kind.GIVEN, gamma) : null).build();
        EstimatedWeights estimated = EstimatedWeights.builder(context.device()).method(divergence.name()).settings(settings)
            .untilSettled((steps, next, change) -> {
                context.listener().progress(divergence.name()
                    + (Double.isNaN(change) ? "" : String.format(Locale.ROOT, ", last change of a weight %.2g", change)), steps, next);
                return !context.listener().cancelled();
            }).estimate(t.values(), v.values(), t.columns());
        if (estimated.problem() != null) {
            warnings.add("Nothing was estimated: " + estimated.problem() + ".");
        }
        if (!estimated.converged() && context.listener().cancelled()) {
            warnings.add(String.format(Locale.ROOT, "Stopped after %,d steps: the weights would still change.", estimated.steps()));
        }
        double[] r = new double[t.rows()];
        for (int i = 0; i < r.length; i++) {
            r[i] = estimated.weights()[i];
        }
        return result(divergence.name(), null,
            new Selection(gamma, divergence.usesLambda() ? settings.lambda() : Double.NaN, null,
                Double.NaN),
            r, new RatioFunction.Fit(estimated.steps(), estimated.objective(), estimated.kktResidual(), estimated.converged()),
            settings.upperBound(), Double.NaN);
    }

    private DensityRatio result(String method, RatioFunction function, Selection selection) {
        double[] r = t == null ? function.at(new Matrix(new float[0], train.rows(), 0), context.device())
            : function.at(t, context.device());
        return result(method, function, selection, r, function.fit(), bound(), Double.NaN);
    }

    /**
     * The result.
     *
     * @param r     at the training rows
     * @param bound the largest r that counts
     * @param mean  of what counts, over all rows that it was fitted to; NaN: these are all
     */
    private DensityRatio result(String method, RatioFunction function, Selection selection, double[] r, RatioFunction.Fit fit,
                                double bound, double mean) {
        double sum = 0;
        for (double x : r) {
            sum += Math.min(x, bound);
        }
        double divisor = Double.isNaN(mean) ? sum / r.length : mean;
        if (!(divisor >= HeldOutScore.LEAST_MEAN && divisor < Double.MAX_VALUE)) {
            throw new NoRatioException(String.format(Locale.ROOT,
                "the mean of its ratio over the training rows is %.3g, and about 1 was expected", divisor), null, true);
        }
        DoubleSummaryStatistics all = Arrays.stream(r).summaryStatistics();
        if (function != null && v != null) {
            Arrays.stream(function.at(v, context.device())).forEach(all);
        }
        DensityRatio.Normalization normalization = new DensityRatio.Normalization(bound, options.normalize() ? divisor : 1,
            Arrays.stream(r).max().orElseThrow(), all.getMin(), all.getMax());
        float[] weights = new float[r.length];
        for (int i = 0; i < r.length; i++) {
            weights[i] = (float) normalization.of(r[i]);
        }
        int atBound = 0;
        for (double x : r) {
            atBound += x >= bound * (1 - 1e-6) ? 1 : 0;
        }
        FittedWeights judged = new FittedWeights(method, weights, names, train, validation).scores(scores)
            .scoreError(scoreErrors.getOrDefault(method, Double.NaN)).compared(options.method().equals("auto")).sum(sum)
            .upperBound(bound, atBound).fit(fit.steps(), fit.converged())
            .areaUnderCurve(separation);
        if (t != null && Double.isFinite(selection.gamma())) {
            judged.largestKernel(Overlap.largestKernel(t, v, selection.gamma(), context.seed()));
        }
        warnings.forEach(judged::warning);
        Diagnostics diagnostics = Diagnostics.of(judged);
        return new DensityRatio(method, names, scaling, function, selection, normalization, options.properties(), weights, diagnostics, fit,
            context.device().name());
    }
}
