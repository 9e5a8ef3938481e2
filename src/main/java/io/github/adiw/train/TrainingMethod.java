package io.github.adiw.train;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.weight.ClassConditionalConvergedMatching;
import io.github.adiw.weight.ConvergedKernelMeanMatching;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.Divergences;
import io.github.adiw.weight.EstimationSettings;
import io.github.adiw.weight.EstimatorOptions;
import io.github.adiw.weight.WeightEstimator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A method of training: where the weights of a batch come from. The one place that lists the methods and knows what tells them apart.
 *
 * @param name         as the option {@code method} has it
 * @param divergence   has the defaults of the estimation, of the methods that estimate
 * @param weighted     whether it gives weights other than 1
 * @param validates    whether it draws a validation batch in every step
 * @param insideClasses whether its weights may be estimated inside classes; where nothing is estimated it means nothing
 * @param maker        makes its {@link BatchWeighting}
 */
record TrainingMethod(String name, Divergence divergence, boolean weighted, boolean validates, boolean insideClasses, Maker maker) {
    /** Before the name of a divergence: training with it. */
    private static final String ADAPTIVE = "adiw-";
    private static final Map<String, TrainingMethod> ALL = all();

    /** Makes a weighting; the caller closes it. */
    @FunctionalInterface
    interface Maker {
        /** All memory is allocated now. */
        BatchWeighting make(WeightingContext context);
    }

    /** The names, in the order in which people should read them. */
    static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    /** @throws UsageException if there is none of that name */
    static TrainingMethod of(String name) {
        TrainingMethod method = ALL.get(name);
        if (method == null) {
            throw UsageException.of("method", "method " + name + " is not known: choose one of " + String.join(", ", ALL.keySet()));
        }
        return method;
    }

    private static Map<String, TrainingMethod> all() {
        Map<String, TrainingMethod> all = new LinkedHashMap<>();
        Map<String, Divergence> divergences = new LinkedHashMap<>();
        divergences.put("km", Divergences.get("km"));
        divergences.putAll(Divergences.all());
        Divergence km = divergences.get("km");
        add(all, new TrainingMethod("uniform", km, false, false, true, UniformWeighting::create));
        add(all, new TrainingMethod("diw", km, true, true, true, c -> new DynamicWeighting(estimator(c, null))));
        divergences.forEach((name, divergence) -> add(all, new TrainingMethod(ADAPTIVE + name, divergence, true, true,
            divergence.hasClassConditional(), c -> new DynamicWeighting(estimator(c, divergence)))));
        add(all, new TrainingMethod("random", km, true, false, false, RandomWeighting::create));
        add(all, new TrainingMethod("iw", km, true, false, false, StaticWeighting::create));
        add(all, new TrainingMethod("reweight", km, true, true, false, GradientWeighting::create));
        return all;
    }

    private static void add(Map<String, TrainingMethod> all, TrainingMethod method) {
        all.put(method.name, method);
    }

    /** @param divergence that is minimised by steps; null for DIW's program, solved */
    private static WeightEstimator estimator(WeightingContext context, Divergence divergence) {
        Device device = context.device();
        EstimatorOptions options = options(context);
        Buffer labels = context.labels();
        Buffer trueLabels = context.trueLabels();
        return device.building(() -> {
            if (context.insideClasses()) {
                return divergence == null ? new ClassConditionalConvergedMatching(device, options, labels, trueLabels, context.classes())
                    : divergence.classConditional(device, options, labels, trueLabels, context.classes());
            }
            return divergence == null ? new ConvergedKernelMeanMatching(device, options) : divergence.estimator(device, options);
        });
    }

    private static EstimatorOptions options(WeightingContext context) {
        EstimationSettings settings = context.options().estimation();
        int samples = context.samples();
        return EstimatorOptions.of(samples, samples, context.batch(), context.options().validationBatch(), context.dimension())
            .bandwidth(settings.bandwidth()).steps(settings.steps()).eta(settings.eta()).upperBound(settings.upperBound())
            .lambda(settings.lambda()).projections(settings.projections()).momentum(settings.momentum()).normalize(settings.normalize())
            .seed(settings.seed());
    }
}
