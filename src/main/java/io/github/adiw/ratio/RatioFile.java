package io.github.adiw.ratio;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.AdiwException;
import io.github.adiw.data.SafeTensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A {@link DensityRatio} as a safetensors file: its function's parameters are the tensors; what else there is to know is JSON in the
 * metadata under {@code density-ratio}, and every {@linkplain DensityRatio.Builder#property property} under its own name.
 */
final class RatioFile {
    static final String KEY = "density-ratio";
    /** Of a file that a program of version 1 would read as something else: with columns that have heavy tails. */
    private static final int VERSION = 2;
    private static final int FIRST_VERSION = 1;
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Set<String> TERMS = Set.of("linear", "quadratic");

    private RatioFile() {}

    static void write(DensityRatio ratio, Path file) {
        ObjectNode root = JSON.createObjectNode();
        root.put("version", contains(ratio.scaling().heavy()) ? VERSION : FIRST_VERSION);
        root.put("method", ratio.method());
        root.put("function", ratio.function() instanceof ConstantRatio ? "constant" : ratio.function() instanceof KernelFunction ? "kernel"
            : "logistic");
        put(root, "gamma", ratio.selection().gamma());
        put(root, "lambda", ratio.selection().lambda());
        root.put("terms", ratio.selection().terms());
        put(root, "upperBound", ratio.normalization().upperBound());
        root.put("divisor", ratio.normalization().divisor());
        put(root, "largest", ratio.normalization().largest());
        put(root, "least", ratio.normalization().least());
        put(root, "most", ratio.normalization().most());
        ArrayNode names = root.putArray("columns");
        ratio.columns().forEach(names::add);
        ArrayNode scaling = root.putArray("scaling");
        Standardization kept = ratio.scaling();
        for (int k = 0; k < kept.columns().length; k++) {
            ObjectNode column = scaling.addObject().put("column", kept.columns()[k]).put("center", kept.center()[k])
                .put("scale", kept.scale()[k]);
            if (kept.heavy()[k]) {
                column.put("heavy", true);
            }
        }
        Map<String, String> metadata = new LinkedHashMap<>(ratio.properties());
        metadata.put(KEY, root.toString());
        new SafeTensors(ratio.function().parameters(), metadata).write(file);
    }

    private static boolean contains(boolean[] flags) {
        for (boolean flag : flags) {
            if (flag) {
                return true;
            }
        }
        return false;
    }

    private static void put(ObjectNode node, String key, double value) {
        if (Double.isFinite(value)) {
            node.put(key, value);
        } else {
            node.putNull(key);
        }
    }

    static DensityRatio read(Path file) {
        SafeTensors read = SafeTensors.read(file);
        String text = read.metadata().get(KEY);
        if (text == null) {
            throw new AdiwException(file + " holds no density ratio: a file that weights --model or DensityRatio.save wrote was expected");
        }
        Map<String, String> properties = new LinkedHashMap<>(read.metadata());
        properties.remove(KEY);
        try {
            JsonNode root = JSON.readTree(text);
            JsonNode version = root.path("version");
            if (version.isInt() && (version.intValue() < FIRST_VERSION || version.intValue() > VERSION)) {
                throw new AdiwException(
                    file + " is of version " + version + ", and this program reads versions " + FIRST_VERSION + " to " + VERSION
                        + ": use the program that wrote it, or a newer one");
            }
            if (!version.isInt()) {
                throw new IllegalArgumentException("version " + version);
            }
            return read(root, read.tensors(), properties);
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw new AdiwException(file + " is broken: what it says of its density ratio does not fit together (" + e.getMessage() + ")",
                e);
        }
    }

    /** @throws IllegalArgumentException if something is missing, of another kind than expected, or does not fit the rest */
    private static DensityRatio read(JsonNode root, Map<String, SafeTensors.Tensor> tensors, Map<String, String> properties) {
        List<String> names = new ArrayList<>();
        array(root, "columns").forEach(name -> names.add(name.asText()));
        Standardization scaling = scaling(array(root, "scaling"), names.size());
        double gamma = numberOrNaN(root, "gamma");
        double upperBound = numberOrNaN(root, "upperBound");
        String method = root.required("method").asText();
        String terms = root.required("terms").textValue();
        if (upperBound <= 0 || !DensityRatio.RATIO_METHODS.contains(method) || terms != null && !TERMS.contains(terms)) {
            throw new IllegalArgumentException("method " + method + ", terms " + terms + ", upperBound " + upperBound);
        }
        return new DensityRatio(method, names, scaling,
            function(root.required("function").asText(), tensors, gamma, scaling.columns().length),
            new Selection(gamma, numberOrNaN(root, "lambda"), terms, Double.NaN),
            new DensityRatio.Normalization(Double.isNaN(upperBound) ? Double.POSITIVE_INFINITY : upperBound, positive(root, "divisor"),
                known(root, "largest"), known(root, "least"), known(root, "most")),
            properties, null, null, new RatioFunction.Fit(0, Double.NaN, Double.NaN, true), null);
    }

    private static Standardization scaling(JsonNode array, int columns) {
        int kept = array.size();
        Standardization scaling = new Standardization(new int[kept], new double[kept], new double[kept],
            new boolean[kept]);
        for (int k = 0; k < kept; k++) {
            JsonNode column = array.get(k).required("column");
            if (!column.isInt() || column.intValue() >= columns || column.intValue() < (k == 0 ? 0 : scaling.columns()[k - 1] + 1)) {
                throw new IllegalArgumentException("scaling of column " + column);
            }
            scaling.columns()[k] = column.intValue();
            scaling.center()[k] = number(array.get(k), "center");
            scaling.scale()[k] = positive(array.get(k), "scale");
            scaling.heavy()[k] = array.get(k).path("heavy").asBoolean();
        }
        return scaling;
    }

    private static RatioFunction function(String kind, Map<String, SafeTensors.Tensor> tensors, double gamma, int columns) {
        for (Map.Entry<String, SafeTensors.Tensor> tensor : tensors.entrySet()) {
            for (float value : tensor.getValue().values()) {
                if (!Float.isFinite(value)) {
                    throw new IllegalArgumentException(tensor.getKey() + " has the value " + value);
                }
            }
        }
        try {
            return switch (kind) {
                case "constant" -> new ConstantRatio();
                case "kernel" -> KernelFunction.load(tensors, gamma, columns);
                case "logistic" -> LogisticFunction.load(tensors, columns);
                default -> throw new IllegalArgumentException("function " + kind);
            };
        } catch (AdiwException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    private static JsonNode array(JsonNode node, String key) {
        JsonNode array = node.required(key);
        if (!array.isArray()) {
            throw new IllegalArgumentException(key + " " + array);
        }
        return array;
    }

    private static double positive(JsonNode node, String key) {
        double number = number(node, key);
        if (!(number > 0)) {
            throw new IllegalArgumentException(key + " " + number);
        }
        return number;
    }

    private static double number(JsonNode node, String key) {
        JsonNode number = node.required(key);
        if (!number.isNumber() || !Double.isFinite(number.doubleValue())) {
            throw new IllegalArgumentException(key + " " + number);
        }
        return number.doubleValue();
    }

    /** NaN where an older file does not say. */
    private static double known(JsonNode node, String key) {
        return node.has(key) ? numberOrNaN(node, key) : Double.NaN;
    }

    private static double numberOrNaN(JsonNode node, String key) {
        return node.required(key).isNull() ? Double.NaN : number(node, key);
    }
}
