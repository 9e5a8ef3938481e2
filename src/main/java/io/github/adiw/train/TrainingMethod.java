package io.github.adiw.train;

import io.github.adiw.UsageException;
import io.github.adiw.weight.BatchShape;
import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.Divergences;
import io.github.adiw.weight.EstimationSettings;
import io.github.adiw.weight.SampleLabels;
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

    /** Makes a weighting; the caller closes it. */
    @FunctionalInterface
    interface Maker {
        /** All memory is allocated now. */
        BatchWeighting make(WeightingContext context);
    }

    /** Whether it estimates the weights of every batch by its divergence. */
    boolean estimates() {
        return weighted && insideClasses;
    }

    /** The names, in the order in which people should read them. */
    static List<String> names() {
        return List.copyOf(all().keySet());
    }

    /** @throws UsageException if there is none of that name */
    static TrainingMethod of(String name) {
        Map<String, TrainingMethod> all = all();
        TrainingMethod method = all.get(name);
        if (method == null) {
            throw UsageException.of("method", "method " + name + " is not known: choose one of " + String.join(", ", all.keySet()));
        }
        return method;
    }

    private static Map<String, TrainingMethod> all() {
        Divergence km = Divergences.get("km");
        Map<String, Divergence> stepped = new LinkedHashMap<>(Map.of(km.name(), km));
        Divergences.all().values().stream().filter(Divergence::takesSteps)
            .forEach(divergence -> stepped.put(divergence.name(), divergence));
        Map<String, TrainingMethod> all = new LinkedHashMap<>();
        add(all, new TrainingMethod("uniform", km, false, false, true, UniformWeighting::create));
        add(all, estimated("diw", Divergences.get("diw")));
        stepped.forEach((name, divergence) -> add(all, estimated(ADAPTIVE + name, divergence)));
        add(all, estimated("diw-exact", Divergences.get("kmm-exact")));
        add(all, new TrainingMethod("random", km, true, false, false, RandomWeighting::create));
        add(all, new TrainingMethod("iw", Divergences.get("kmm-exact"), true, false, false, StaticWeighting::create));
        add(all, new TrainingMethod("reweight", km, true, true, false, GradientWeighting::create));
        return all;
    }

    private static TrainingMethod estimated(String name, Divergence divergence) {
        return new TrainingMethod(name, divergence, true, true, true, context -> new DynamicWeighting(estimator(context, divergence)));
    }

    private static void add(Map<String, TrainingMethod> all, TrainingMethod method) {
        all.put(method.name, method);
    }

    private static WeightEstimator estimator(WeightingContext context, Divergence divergence) {
        BatchShape shape = new BatchShape(context.samples(), context.samples(), context.batch(), context.options().validationBatch(),
            context.dimension());
        EstimationSettings settings = context.options().estimation();
        return context.insideClasses()
            ? WeightEstimator.create(context.device(), divergence, shape, settings,
                new SampleLabels(context.labels(), context.trueLabels(), context.classes()))
            : WeightEstimator.create(context.device(), divergence, shape, settings);
    }
}
