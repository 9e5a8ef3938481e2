package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.weight.BatchShape;
import io.github.adiw.weight.Divergences;
import io.github.adiw.weight.WeightEstimator;
import org.junit.jupiter.api.Test;

/** How many launches a step is. */
class GraphNodesTest {
    private static TrainingOptions.Builder lenet(String method) {
        return TrainingOptions.builder().model("lenet").method(method).optimizer("adam").batch(16).validationBatch(8)
            .validationSamples(16).trainSamples(96).warmupEpochs(0).epochs(2);
    }

    private static TrainingResult.GraphNodes nodes(TrainingOptions options) {
        try (Device device = DeviceMatrix.open(); Trainer trainer = new Trainer(device, FashionMnist.sample(), options)) {
            trainer.stop();
            return trainer.run(new TrainingListener() {}).graphNodes();
        }
    }

    /** A step is little more than its launches, where there are kernels for the whole of it. */
    @Test
    void aStepOfLenetIsFewLaunches() {
        assumeTrue(DeviceMatrix.slow() || DeviceMatrix.name().startsWith("cuda"), "a processor works layer by layer");
        assertThat(nodes(lenet("uniform").build()).uniform()).isEqualTo(9);
        TrainingOptions options = lenet("adiw-km").build();
        int weighted = nodes(options).weighted();
        assertThat(weighted - estimation(options)).as("besides the estimation of weights").isEqualTo(10);
        assertThat(weighted).as("with it").isEqualTo(11);
    }

    /** Launches of the estimation of a batch by kernel mean matching. */
    private static int estimation(TrainingOptions options) {
        BatchShape shape = new BatchShape(96, 96, options.batch(), options.validationBatch(), 1);
        try (Device device = DeviceMatrix.open();
             WeightEstimator estimator = WeightEstimator.create(device, Divergences.get("km"), shape, options.estimation())) {
            Buffer rows = device.ints(new int[options.batch()]);
            Buffer losses = device.floats(new float[options.batch()]);
            return device.record(() -> estimator.estimate(rows, rows.slice(0, options.validationBatch()), losses,
                losses.slice(0, options.validationBatch()))).nodes();
        }
    }

    @Test
    void aRunHasTheStepsThatItTakes() {
        TrainingResult.GraphNodes uniform = nodes(lenet("uniform").build());
        assertThat(uniform.uniform()).isPositive();
        assertThat(uniform.weighted()).isNull();
        TrainingResult.GraphNodes weighted = nodes(lenet("adiw-km").build());
        assertThat(weighted.uniform()).as("no warm-up").isNull();
        assertThat(weighted.weighted()).isGreaterThan(uniform.uniform());
        TrainingResult.GraphNodes both = nodes(lenet("adiw-km").warmupEpochs(1).build());
        assertThat(both.uniform()).as("an epoch of warm-up").isEqualTo(uniform.uniform());
        assertThat(both.weighted()).isEqualTo(weighted.weighted());
        TrainingResult.GraphNodes warmUpOnly = nodes(lenet("adiw-km").warmupEpochs(2).build());
        assertThat(warmUpOnly.uniform()).isEqualTo(uniform.uniform());
        assertThat(warmUpOnly.weighted()).as("warm-up to the end").isNull();
    }
}
