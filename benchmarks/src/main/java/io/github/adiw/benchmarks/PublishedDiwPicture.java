package io.github.adiw.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.weight.EstimatedWeights;
import io.github.adiw.weight.EstimationSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.knowm.xchart.XYChart;

/**
 * What does it matter where DIW's solver stops? Draws the weights of one batch of losses, where the published code's solver stops
 * ({@code diw}) and at convergence ({@code kmm-exact}), and the test accuracy over the epochs of training runs.
 *
 * <pre>java -cp benchmarks/target/benchmarks.jar io.github.adiw.benchmarks.PublishedDiwPicture PICTURE.png \
 *     src/test/resources/fixtures/published/published.safetensors BATCH RUN...</pre>
 *
 * BATCH is a batch's name in that file, each RUN a folder that {@code adiw train} wrote.
 */
public final class PublishedDiwPicture {
    private static final List<String> METHODS = List.of("diw", "kmm-exact");
    private static final int ACCURACY_COLUMN = 3;
    /** Epochs before the accuracy is near its end. */
    private static final int FIRST_EPOCH = 10;

    private PublishedDiwPicture() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length < 4) {
            System.err.println("usage: PublishedDiwPicture PICTURE.png LOSSES.safetensors BATCH RUN...");
            System.exit(2);
        }
        SafeTensors losses = SafeTensors.read(Path.of(arguments[1]));
        XYChart weights = weights(losses.tensors().get(arguments[2] + "/z").values(), losses.tensors().get(arguments[2] + "/validation")
            .values());
        List<Path> runs = new ArrayList<>();
        for (int i = 3; i < arguments.length; i++) {
            runs.add(Path.of(arguments[i]));
        }
        Panels.write(Path.of(arguments[0]), List.of(weights, accuracy(runs)), 2);
    }

    private static XYChart weights(float[] z, float[] validation) {
        XYChart chart = Panels.chart(620, 420, "Weights of one batch of " + z.length, "loss", "weight");
        int[] order = IntStream.range(0, z.length).boxed().sorted(Comparator.comparingDouble(i -> z[i])).mapToInt(i -> i).toArray();
        double[] x = IntStream.of(order).mapToDouble(i -> z[i]).toArray();
        try (Device device = Devices.open("host")) {
            for (String method : METHODS) {
                float[] w = EstimatedWeights.builder(device).method(method)
                    .settings(EstimationSettings.builder().bandwidth("diw:0.01").build())
                    .estimate(z, validation, 1).weights();
                double[] y = IntStream.of(order).mapToDouble(i -> w[i]).toArray();
                Panels.points(chart, method, x, y, Panels.COLOURS.get(METHODS.indexOf(method)));
                System.out.printf(Locale.ROOT, "%s: mean %.3f, of the larger half of the losses %.3f%n", method,
                    IntStream.of(order).mapToDouble(i -> w[i]).average().orElseThrow(),
                    IntStream.of(order).skip(z.length / 2).mapToDouble(i -> w[i]).average().orElseThrow());
            }
        }
        chart.getStyler().setMarkerSize(5);
        chart.getStyler().setYAxisMin(0.0);
        return chart;
    }

    private static XYChart accuracy(List<Path> runs) throws IOException {
        XYChart chart = Panels.chart(620, 420, "Test accuracy over the epochs", "epoch", "accuracy in %");
        chart.getStyler().setXAxisMin(0.0);
        chart.getStyler().setXAxisTickMarkSpacingHint(90);
        for (Path run : runs) {
            String method = new ObjectMapper().readTree(run.resolve("summary.json").toFile()).get("method").asText();
            double[] accuracy = Files.readAllLines(run.resolve("epochs.csv")).stream().skip(1)
                .mapToDouble(line -> 100 * Double.parseDouble(line.split(",")[ACCURACY_COLUMN])).toArray();
            int from = Math.min(FIRST_EPOCH, accuracy.length);
            Panels.line(chart, method, IntStream.range(from, accuracy.length).mapToDouble(e -> e + 1).toArray(),
                IntStream.range(from, accuracy.length).mapToDouble(e -> accuracy[e]).toArray(), Panels.COLOURS.get(runs.indexOf(run)));
        }
        return chart;
    }
}
