package io.github.adiw.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.Transformer;

/**
 * Makes {@code src/test/resources/models/VERSION}, which every later version must load: run {@link #main} with the class path of the tests
 * and the folder of a new version, and never change that of a version that is out.
 */
final class SavedModels {
    static final int D = 2;
    static final double[] POINTS = Session.normal(9, 20, D, 0.3, 1.5);

    private SavedModels() {}

    /** Scores at {@link #POINTS}, a line each. */
    static List<Double> scores(DensityRatioModel model) {
        return IntStream.range(0, POINTS.length / D).mapToObj(i -> model.score(Session.vector(POINTS, i * D, D))).toList();
    }

    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        for (String method : List.of("kl", "ls", "classifier")) {
            DensityRatioEstimator estimator = new DensityRatioEstimator().setMethod(method).setCenters(10).setUpperBound(4)
                .setWeightCol("w");
            DensityRatioModel model = estimator.fit(Session.frame(Session.normal(1, 200, D, 0, 1), Session.normal(2, 100, D, 0.7, 0.8), D));
            new PipelineModel("pipeline", new Transformer[] {model}).save(folder.resolve(method).toUri().toString());
            estimator.save(folder.resolve(method + "-estimator").toUri().toString());
            Files.writeString(folder.resolve(method + ".txt"),
                scores(model).stream().map(String::valueOf).collect(Collectors.joining("\n")));
        }
    }
}
