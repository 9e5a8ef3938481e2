package io.github.adiw.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.knowm.xchart.XYChart;

/**
 * Draws what {@link WeightEstimationByBatchSize} measured, and prints it as a table.
 *
 * <pre>java -jar benchmarks/target/benchmarks.jar WeightEstimationByBatchSize -rf json -rff RESULTS.json
 * java -cp benchmarks/target/benchmarks.jar io.github.adiw.benchmarks.EstimationGrowthPicture RESULTS.json PICTURE.png</pre>
 */
public final class EstimationGrowthPicture {
    private EstimationGrowthPicture() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 2) {
            System.err.println("usage: EstimationGrowthPicture RESULTS.json PICTURE.png");
            System.exit(2);
        }
        Map<String, Map<Integer, Double>> milliseconds = new TreeMap<>();
        for (JsonNode run : new ObjectMapper().readTree(Path.of(arguments[0]).toFile())) {
            if (run.get("benchmark").asText().contains("WeightEstimationByBatchSize")) {
                milliseconds.computeIfAbsent(run.get("params").get("method").asText(), m -> new TreeMap<>())
                    .put(run.get("params").get("n").asInt(), run.get("primaryMetric").get("score").asDouble() * 1e-3);
            }
        }
        XYChart chart = Panels.chart(900, 560, "Weight estimation, n = m, d = 1, five steps (kmm-exact: to convergence)", "batch size n",
            "milliseconds");
        chart.getStyler().setXAxisLogarithmic(true);
        chart.getStyler().setYAxisLogarithmic(true);
        chart.getStyler().setXAxisDecimalPattern("#,##0");
        chart.getStyler().setYAxisDecimalPattern("#,##0.###");
        List<Integer> sizes = milliseconds.values().iterator().next().keySet().stream().toList();
        System.out
            .println("| method | " + String.join(" | ", sizes.stream().map(n -> String.format(Locale.ROOT, "%,d", n)).toList()) + " |");
        System.out.println("| --- |" + " --- |".repeat(sizes.size()));
        int colour = 0;
        for (Map.Entry<String, Map<Integer, Double>> method : milliseconds.entrySet()) {
            Panels.line(chart, method.getKey(), method.getValue().keySet().stream().mapToDouble(n -> n).toArray(),
                method.getValue().values().stream().mapToDouble(t -> t).toArray(), Panels.COLOURS.get(colour++ % Panels.COLOURS.size()));
            System.out.println("| " + method.getKey() + " | "
                + String.join(" | ",
                    method.getValue().values().stream().map(t -> String.format(Locale.ROOT, t < 10 ? "%.3f" : "%,.1f", t)).toList())
                + " |");
        }
        Panels.write(Path.of(arguments[1]), List.of(chart), 1);
    }
}
