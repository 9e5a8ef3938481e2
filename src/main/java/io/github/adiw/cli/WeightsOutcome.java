package io.github.adiw.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.data.table.TablePair;
import io.github.adiw.ratio.DensityRatio;
import io.github.adiw.ratio.Diagnostics;
import io.github.adiw.weight.EstimatedWeights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Weights, fitted once or by steps, and what there is to say of them.
 *
 * @param dimension  columns as they were fitted, categories by level
 * @param lambda     of {@code ls}; NaN else
 * @param strength   of {@code classifier}, as scikit-learn's C; NaN else
 * @param terms      of {@code classifier}; null else
 * @param residual   distance from the optimality conditions
 * @param seconds    of the estimation
 * @param normalized whether they were divided by their mean
 * @param weights    {@code [n]}
 * @param columns    names, {@code [dimension]}
 */
record WeightsOutcome(String method, String device, int dimension, double gamma, double lambda, double strength, String terms, int steps,
                      double objective, double residual, boolean converged, double seconds, boolean normalized, float[] weights,
                      List<String> columns, Diagnostics diagnostics) {
    static WeightsOutcome of(DensityRatio ratio, boolean normalized, double seconds) {
        boolean classifier = ratio.terms() != null;
        return new WeightsOutcome(ratio.method(), ratio.device(), ratio.columns().size(), ratio.gamma(),
            classifier ? Double.NaN : ratio.lambda(), classifier ? ratio.lambda() : Double.NaN, ratio.terms(), ratio.steps(),
            ratio.objective(),
            ratio.residual(), ratio.converged(), seconds, normalized, ratio.weights(), ratio.columns(), ratio.diagnostics());
    }

    /** @param lambda NaN where the method has none */
    static WeightsOutcome of(EstimatedWeights estimated, TablePair data, double lambda, boolean normalized, Diagnostics diagnostics) {
        return new WeightsOutcome(estimated.method(), estimated.device(), estimated.dimension(), estimated.gamma(), lambda, Double.NaN,
            null,
            estimated.steps(), estimated.objective(), estimated.kktResidual(), estimated.converged(), estimated.seconds(), normalized,
            estimated.weights(),
            data.encoding().names(), diagnostics);
    }

    /**
     * @param total    seconds of everything
     * @param warnings what speaks against the weights, and against what was written
     */
    ObjectNode json(double total, List<String> warnings) {
        ObjectNode node = RunReport.object();
        node.put("method", method);
        node.put("device", device);
        node.put("n", diagnostics.trainRows());
        node.put("m", diagnostics.validationRows());
        node.put("dimension", dimension);
        RunReport.put(node, "gamma", gamma);
        node.put("steps", steps);
        RunReport.put(node, "objective", objective);
        double sum = 0;
        for (float w : weights) {
            sum += w;
        }
        RunReport.put(node, "sum", sum);
        RunReport.put(node, "minimum", diagnostics.minimum());
        RunReport.put(node, "maximum", diagnostics.maximum());
        RunReport.put(node, "effectiveSampleSize", diagnostics.effectiveSampleSize());
        RunReport.put(node, "fractionAtBound", diagnostics.fractionAtBound());
        node.put("converged", converged);
        RunReport.put(node, "kktResidual", residual);
        RunReport.put(node, "seconds", seconds);
        RunReport.put(node, "secondsTotal", total);
        ObjectNode selected = node.putObject("selected");
        selected.put("method", method);
        RunReport.put(selected, "gamma", gamma);
        RunReport.put(selected, "lambda", lambda);
        if (terms != null) {
            selected.put("terms", terms);
            RunReport.put(selected, "strength", strength);
        }
        ObjectNode scores = selected.putObject("scores");
        diagnostics.scores().forEach((name, score) -> RunReport.put(scores, name, score));
        node.put("normalized", normalized);
        RunReport.put(node, "sumBeforeNormalizing", diagnostics.sum());
        ArrayNode names = node.putArray("columns");
        columns.forEach(names::add);
        WeightsReport.put(node, diagnostics);
        RunReport.putWarnings(node, warnings);
        return node;
    }

    /** @param total seconds of everything */
    String text(double total) {
        Map<String, Double> times = new LinkedHashMap<>();
        times.put("fit", seconds);
        times.put("in all", total);
        return WeightsReport.text(diagnostics, gamma, lambda, terms == null ? null
            : String.format(Locale.ROOT, "%s terms, C = %.3g", terms, strength), times);
    }
}
