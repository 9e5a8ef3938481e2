package io.github.adiw.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.data.Rows;
import io.github.adiw.ratio.DensityRatio;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.classification.LogisticRegression;
import org.apache.spark.ml.feature.SQLTransformer;
import org.apache.spark.ml.feature.VectorAssembler;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Stages that are saved and loaded, alone, inside pipelines, and by later versions. */
class SavedStagesTest {
    private static final Path RESOURCES = Path.of("src/test/resources");
    @TempDir
    Path folder;

    @BeforeAll
    static void open() {
        Session.open();
    }

    private String folder(String name) {
        return folder.resolve(name).toUri().toString();
    }

    /** A regression on people under 40; those from 40 on have the weight 0 in it, since their answers are not known. */
    private static Pipeline regression(PipelineStage weighting) {
        VectorAssembler assembler = new VectorAssembler().setInputCols(Adult.COLUMNS).setOutputCol("features");
        SQLTransformer ownWeights = new SQLTransformer()
            .setStatement("SELECT *, IF(domain = 1, 0, weight) AS fitted FROM __THIS__");
        return new Pipeline()
            .setStages(new PipelineStage[] {assembler, weighting, ownWeights, new LogisticRegression().setWeightCol("fitted")});
    }

    /** On these people kl's weights make it better for those from 40 on (log-loss 0.525, 0.527 without weights; standard error 0.002). */
    @Test
    void aPipelineIsSavedAndLoadedInAnotherProcess() throws IOException, InterruptedException {
        regression(new DensityRatioEstimator().setMethod("kl")).save(folder("pipeline"));
        PipelineModel model = Pipeline.load(folder("pipeline")).fit(Adult.rows());
        DensityRatioModel weights = (DensityRatioModel) model.stages()[1];
        assertThat(weights.toLocal().columns()).containsExactly(Adult.COLUMNS);
        assertThat(weights.summary().diagnostics().balance()).hasSize(4);
        model.save(folder("model"));
        assertThat(Adult.predictionsInFreshJvm(folder("model"), folder.resolve("predictions")))
            .isEqualTo(Adult.predictions(model)).hasSize(600);
        PipelineModel uniform = regression(new SQLTransformer().setStatement("SELECT *, 1.0 AS weight FROM __THIS__"))
            .fit(Adult.rows());
        assertThat(Adult.logLossOfWorld(model)).isLessThan(Adult.logLossOfWorld(uniform) - 0.001);
        assertThat(((DensityRatioModel) PipelineModel.load(folder("model")).stages()[1]).hasSummary()).isFalse();
        assertThatThrownBy(() -> model.save(folder("model"))).hasMessageContaining("already exists");
        model.write().overwrite().save(folder("model"));
    }

    @Test
    void anEstimatorKeepsItsParameters() throws IOException {
        DensityRatioEstimator estimator = new DensityRatioEstimator().setFeaturesCol("f").setDomainCol("d").setWeightCol("w")
            .setMethod("ls")
            .setBandwidth("gamma:0.5").setLambda(0.25).setCenters(7).setUpperBound(9).setStandardize(false).setSeed(-3)
            .setSelectionRows(99);
        estimator.save(folder("estimator"));
        DensityRatioEstimator loaded = DensityRatioEstimator.load(folder("estimator"));
        assertThat(loaded.explainParams()).isEqualTo(estimator.explainParams());
        assertThat(loaded.uid()).isEqualTo(estimator.uid());
        assertThat(loaded.getSeed()).isEqualTo(-3);
        DensityRatioEstimator defaults = new DensityRatioEstimator();
        defaults.save(folder("defaults"));
        assertThat(DensityRatioEstimator.load(folder("defaults")).isSet(defaults.lambda())).isFalse();
        assertThatThrownBy(() -> DensityRatioModel.load(folder("estimator"))).hasMessageContaining("DensityRatioEstimator");
        assertThatThrownBy(() -> DensityRatioModel.load(folder("none"))).hasMessageContaining("none");
    }

    @ParameterizedTest
    @ValueSource(strings = {"kl", "classifier"})
    void aRatioOfOneMachineIsAModel(String method) throws IOException {
        double[] training = Session.normal(1, 200, 2, 0, 1);
        double[] world = Session.normal(2, 100, 2, 0.7, 0.8);
        DensityRatio local = DensityRatio.builder().method(method).centers(10).fit(Rows.of(training, 2),
            Rows.of(world, 2));
        DensityRatioModel model = new DensityRatioModel(local).setWeightCol("weight");
        model.save(folder("model"));
        DensityRatioModel loaded = DensityRatioModel.load(folder("model"));
        loaded.toLocal().save(folder.resolve("ratio.safetensors"));
        DensityRatio back = DensityRatio.load(folder.resolve("ratio.safetensors"));
        double[] weights = Session.weights(loaded.transform(Session.frame(training, world, 2)));
        float[] expected = local.weights();
        for (int i = 0; i < expected.length; i++) {
            assertThat(weights[i]).isCloseTo(expected[i], within(1e-5));
            assertThat(back.scoreRow(training[2 * i], training[2 * i + 1])).isEqualTo(weights[i]);
        }
        assertThatThrownBy(loaded::summary).isInstanceOf(IllegalStateException.class);
    }

    /** {@link SavedModels} made them. */
    @ParameterizedTest
    @CsvSource({"0.1.0, kl", "0.1.0, ls", "0.1.0, classifier"})
    void modelsOfEveryVersionAreLoaded(String version, String method) throws IOException {
        Path models = RESOURCES.resolve("models").resolve(version).toAbsolutePath();
        PipelineModel pipeline = PipelineModel.load(models.resolve(method).toUri().toString());
        DensityRatioModel model = (DensityRatioModel) pipeline.stages()[0];
        List<Double> expected = Files.readAllLines(models.resolve(method + ".txt")).stream().map(Double::valueOf).toList();
        List<Double> found = SavedModels.scores(model);
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i)).isCloseTo(expected.get(i), within(1e-12));
        }
        assertThat(model.getWeightCol()).isEqualTo("w");
        DensityRatioEstimator estimator = DensityRatioEstimator.load(models.resolve(method + "-estimator").toUri().toString());
        assertThat(estimator.getMethod()).isEqualTo(method);
        assertThat(estimator.getUpperBound()).isEqualTo(4);
    }
}
