package io.github.adiw.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.data.FashionMnist;
import io.github.adiw.data.Dataset;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import io.github.adiw.device.Launch;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Training on an NVIDIA GPU goes as on the processor, and is deterministic; run by benchmarks/gpu/check.sh. */
@Tag("gpu")
class TrainingOnGpuTest {
    private static final int STEPS = 30;

    private static TrainingResult train(Device device, String method, String precision) {
        Dataset sample = FashionMnist.sample();
        TrainingOptions options = TrainingOptions.builder().method(method).shift("symmetric:0.4").trainSamples(10_000).optimizer("adam")
            .learningRate(1e-4f).weightDecay(0).schedule("none").warmupEpochs(0).steps(STEPS).precision(precision).trace(true)
            .weightsTrace(true).build();
        try (Trainer trainer = new Trainer(device, sample, options)) {
            return trainer.run(new TrainingListener() {});
        }
    }

    @Test
    void graphDoesWhatItsLaunchesDo() {
        try (Device gpu = Devices.open("cuda")) {
            Buffer x = gpu.floats(0f, 0f, 0f);
            Buffer step = gpu.allocate(ElementType.INT64, 1);
            gpu.zero(step);
            try (Graph graph = gpu.record(() -> {
                gpu.launch("fill", Launch.elements(3), x, 2.5f, 3);
                gpu.launch("advance", Launch.block(), step);
            })) {
                assertThat(x.toFloats()).containsExactly(0, 0, 0);
                for (int i = 0; i < 1000; i++) {
                    graph.replay();
                }
            }
            long[] counted = new long[1];
            step.download(counted);
            assertThat(counted[0]).isEqualTo(1000);
            assertThat(x.toFloats()).containsExactly(2.5f, 2.5f, 2.5f);
        }
    }

    @ParameterizedTest
    @CsvSource({"uniform, fp32, 1e-4", "adiw-km, fp32, 1e-3", "diw, fp32, 1e-3", "uniform, tf32, 1e-2", "adiw-km, tf32, 1e-2"})
    void trainingGoesAsOnTheHost(String method, String precision, double tolerance) {
        List<TrainingResult.TraceRow> expected;
        try (Device host = Devices.open("host")) {
            expected = train(host, method, "fp32").trace();
        }
        try (Device gpu = Devices.open("cuda")) {
            List<TrainingResult.TraceRow> actual = train(gpu, method, precision).trace();
            assertThat(actual).hasSize(STEPS);
            for (int s = 0; s < STEPS; s++) {
                assertThat(Math.abs((double) actual.get(s).trainLoss() / expected.get(s).trainLoss() - 1)).as("loss of step %d", s)
                    .isLessThan(tolerance);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"fp32", "tf32"})
    void sameSeedGivesTheSameModelBitForBit(String precision) {
        try (Device gpu = Devices.open("cuda")) {
            TrainingResult first = train(gpu, "adiw-km", precision);
            TrainingResult second = train(gpu, "adiw-km", precision);
            assertThat(second.weights()).isEqualTo(first.weights());
            first.parameters().tensors().forEach(
                (name, tensor) -> assertThat(second.parameters().tensors().get(name).values()).as(name).isEqualTo(tensor.values()));
        }
    }
}
