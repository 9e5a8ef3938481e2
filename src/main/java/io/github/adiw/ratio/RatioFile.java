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

/**
 * A {@link DensityRatio} as a safetensors file: its function's parameters are the tensors; what else there is to know is JSON in the
 * metadata under {@code density-ratio}, and every {@linkplain DensityRatio.Builder#property property} under its own name.
 */
final class RatioFile {
    private static final String KEY = "density-ratio";
    private static final int VERSION = 1;
    private static final ObjectMapper JSON = new ObjectMapper();

    private RatioFile() {}

    static void write(DensityRatio ratio, Path file) {
        ObjectNode root = JSON.createObjectNode();
        root.put("version", VERSION);
        root.put("method", ratio.method());
        root.put("function", ratio.function() instanceof ConstantRatio ? "constant" : ratio.function() instanceof KernelFunction ? "kernel"
            : "logistic");
        put(root, "gamma", ratio.selection().gamma());
        put(root, "lambda", ratio.selection().lambda());
        root.put("terms", ratio.selection().terms());
        put(root, "upperBound", ratio.normalization().upperBound());
        root.put("divisor", ratio.normalization().divisor());
        ArrayNode names = root.putArray("columns");
        ratio.columns().forEach(names::add);
        ArrayNode scaling = root.putArray("scaling");
        Standardization kept = ratio.scaling();
        for (int k = 0; k < kept.columns().length; k++) {
            scaling.addObject().put("column", kept.columns()[k]).put("center", kept.center()[k]).put("scale", kept.scale()[k]);
        }
        Map<String, String> metadata = new LinkedHashMap<>(ratio.properties());
        metadata.put(KEY, root.toString());
        new SafeTensors(ratio.function().parameters(), metadata).write(file);
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
            if (root.path("version").asInt() != VERSION) {
                throw new AdiwException(file + " is of version " + root.path("version") + ", and this program reads version " + VERSION
                    + ": use the program that wrote it, or a newer one");
            }
            return read(root, read.tensors(), properties);
        } catch (JsonProcessingException | IllegalArgumentException | NullPointerException | IndexOutOfBoundsException e) {
            throw new AdiwException(file + " is broken: what it says of its density ratio does not fit together (" + e.getMessage() + ")",
                e);
        }
    }

    private static DensityRatio read(JsonNode root, Map<String, SafeTensors.Tensor> tensors, Map<String, String> properties) {
        List<String> names = new ArrayList<>();
        root.required("columns").forEach(name -> names.add(name.asText()));
        JsonNode scaling = root.required("scaling");
        int kept = scaling.size();
        Standardization standardization = new Standardization(new int[kept], new double[kept], new double[kept]);
        for (int k = 0; k < kept; k++) {
            standardization.columns()[k] = number(scaling.get(k), "column").intValue();
            standardization.center()[k] = number(scaling.get(k), "center").doubleValue();
            standardization.scale()[k] = number(scaling.get(k), "scale").doubleValue();
            if (standardization.columns()[k] < 0 || standardization.columns()[k] >= names.size() || !(standardization.scale()[k] > 0)) {
                throw new IllegalArgumentException("scaling " + scaling.get(k));
            }
        }
        double gamma = get(root, "gamma");
        RatioFunction function = switch (root.required("function").asText()) {
            case "constant" -> new ConstantRatio();
            case "kernel" -> KernelFunction.load(tensors, gamma, kept);
            case "logistic" -> LogisticFunction.load(tensors, kept);
            default -> throw new IllegalArgumentException("function " + root.get("function"));
        };
        double upperBound = get(root, "upperBound");
        double divisor = number(root, "divisor").doubleValue();
        if (!(divisor > 0)) {
            throw new IllegalArgumentException("divisor " + divisor);
        }
        return new DensityRatio(root.required("method").asText(), names, standardization, function,
            new Selection(gamma, get(root, "lambda"), root.required("terms").textValue(), Double.NaN),
            new DensityRatio.Normalization(Double.isNaN(upperBound) ? Double.POSITIVE_INFINITY : upperBound, divisor), properties, null,
            null,
            function.fit(), null);
    }

    private static JsonNode number(JsonNode node, String key) {
        JsonNode number = node.required(key);
        if (!number.isNumber()) {
            throw new IllegalArgumentException(key + " " + number);
        }
        return number;
    }

    private static double get(JsonNode node, String key) {
        JsonNode number = node.required(key);
        return number.isNull() ? Double.NaN : number(node, key).doubleValue();
    }
}
