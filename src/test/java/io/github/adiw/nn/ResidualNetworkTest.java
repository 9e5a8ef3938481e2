package io.github.adiw.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.Fixtures;
import io.github.adiw.UsageException;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Residual networks against PyTorch's, in both modes ({@code fixtures/resnets}). */
class ResidualNetworkTest {
    private static final Path FOLDER = Fixtures.path("resnets");
    private static final SafeTensors TENSORS = SafeTensors.read(FOLDER.resolve("resnets.safetensors"));
    private final Device device = DeviceMatrix.open();

    @AfterEach
    void close() {
        device.close();
    }

    /** A case of the fixtures. */
    record Network(JsonNode json) {
        String name() {
            return json.get("name").asText();
        }

        int size(String name) {
            return json.get(name).asInt();
        }

        Model model() {
            return Model.parse(name(), 3, size("height"), size("width"), size("classes"));
        }

        /** Names and shapes, as PyTorch lists them. */
        Map<String, int[]> shapes() {
            Map<String, int[]> shapes = new LinkedHashMap<>();
            json.get("parameters").forEach(node -> shapes.put(node.get(0).asText(),
                StreamSupport.stream(node.get(1).spliterator(), false).mapToInt(JsonNode::asInt).toArray()));
            return shapes;
        }

        /** What {@code resnets.py} starts from; counts are left out. */
        SafeTensors start() {
            Map<String, SafeTensors.Tensor> tensors = new LinkedHashMap<>();
            shapes().forEach((name, shape) -> {
                if (!name.endsWith("num_batches_tracked")) {
                    tensors.put(name, new SafeTensors.Tensor(shape, start(name, shape, 100 + tensors.size())));
                }
            });
            return new SafeTensors(tensors, Map.of());
        }

        private static float[] start(String name, int[] shape, int seed) {
            int n = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
            boolean one = shape.length == 1 && (name.endsWith(".weight") || name.endsWith("running_var"));
            int fanOut = shape.length == 1 ? 0 : n / shape[1];
            double scale = shape.length == 1 ? 0.25 : Math.pow(2, Math.rint(Math.log(6.0 / fanOut) / Math.log(2) / 2));
            float[] values = ReferenceCase.values(seed, n, scale, 24);
            for (int i = 0; i < n && one; i++) {
                values[i] = (1 + values[i]) * (name.endsWith("bn3.weight") ? 0.25f : 1);
            }
            return values;
        }

        float[] images() {
            return ReferenceCase.values(size("seed"), size("batch") * 3 * size("height") * size("width"), 1, 24);
        }

        float[] expected(String tensor) {
            return TENSORS.tensors().get(name() + "/" + tensor).values();
        }

        @Override
        public String toString() {
            return name();
        }
    }

    static Stream<Network> networks() throws IOException {
        List<Network> all = new ArrayList<>();
        new ObjectMapper().readTree(FOLDER.resolve("resnets.json").toFile()).forEach(node -> all.add(new Network(node)));
        assertThat(all).hasSize(5);
        return all.stream().filter(network -> !DeviceMatrix.slow() || network.name().equals("resnet20"));
    }

    @ParameterizedTest
    @MethodSource("networks")
    void parametersAreNamedAndShapedAsPyTorchs(Network network) {
        Map<String, String> expected = new LinkedHashMap<>();
        network.shapes().forEach((name, shape) -> expected.put(name, Arrays.toString(shape)));
        Map<String, String> actual = new LinkedHashMap<>();
        for (Parameter p : network.model().parameters(device).list()) {
            actual.put(p.name(), Arrays.toString(p.shape()));
            assertThat(p.trainable()).as(p.name()).isEqualTo(!p.name().matches(".*(running_(mean|var)|num_batches_tracked)"));
            assertThat(p.decayed()).as(p.name()).isEqualTo(p.shape().length > 1);
        }
        assertThat(actual.toString()).as("names and shapes in their order").isEqualTo(expected.toString());
    }

    @ParameterizedTest
    @MethodSource("networks")
    void aCheckpointGivesTheLogitsOfPyTorch(Network network) {
        Model model = network.model();
        Parameters parameters = model.parameters(device);
        parameters.load(network.start());
        ModelInstance evaluation = model.instance(device, parameters, 0, network.size("batch"), Precision.FP32);
        float[] logits = evaluation.forward(device.floats(network.images())).toFloats();
        ReferenceCase.assertClose("logits", logits, network.expected("evaluated"), 1e-4);
    }

    /** With a row more, which is normalised by the others' statistics and shows nowhere else. */
    @ParameterizedTest
    @MethodSource("networks")
    void aPassInTrainingIsPyTorchs(Network network) {
        Model model = network.model();
        Parameters parameters = model.parameters(device);
        parameters.load(network.start());
        int batch = network.size("batch");
        float[] images = network.images();
        float[] rows = Arrays.copyOf(images, images.length / batch * (batch + 1));
        Arrays.fill(rows, images.length, rows.length, 3);
        ModelInstance training = model.instance(device, parameters, batch, 1, Precision.FP32);
        float[] expected = network.expected("trained");
        float[] logits = training.forward(device.floats(rows)).toFloats();
        ReferenceCase.assertClose("logits", Arrays.copyOf(logits, expected.length), expected, 1e-4);
        training.backward(device.floats(ReferenceCase.values(2, expected.length, 1, 24)));
        List<Parameter> trained = parameters.list().stream().filter(Parameter::trainable).toList();
        assertSummaries(trained.stream().map(Parameter::name).toList(), trained.stream().map(Parameter::gradient).toList(),
            network.expected("gradients"), 1e-3);
        List<Parameter> statistics = parameters.list().stream().filter(p -> p.name().contains("running")).toList();
        assertSummaries(statistics.stream().map(Parameter::name).toList(), statistics.stream().map(Parameter::value).toList(),
            network.expected("statistics"), 1e-5);
        assertThat(parameters.save().tensors().get("bn1.num_batches_tracked").array()).isEqualTo(new long[] {1});
    }

    /** Norms, and products with numbers in [-1, 1), whose deviation is the norm over the root of 3. */
    private static void assertSummaries(List<String> names, List<Buffer> buffers, float[] expected, double tolerance) {
        assertThat(expected).hasSize(5 * names.size());
        for (int i = 0; i < names.size(); i++) {
            float[] values = buffers.get(i).toFloats();
            double norm = expected[5 * i];
            for (int k = 0; k < 5; k++) {
                float[] others = k == 0 ? values : ReferenceCase.values(10 + k, values.length, 1, 24);
                double sum = 0;
                for (int j = 0; j < values.length; j++) {
                    sum += (double) values[j] * others[j];
                }
                assertThat(Math.abs((k == 0 ? Math.sqrt(sum) : sum) - expected[5 * i + k]) / norm)
                    .as("%s, %s", names.get(i), k == 0 ? "norm" : "product " + k).isLessThanOrEqualTo(tolerance);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"resnet20, 269722", "resnet32, 464154", "resnet44, 658586", "resnet56, 853018"})
    void smallNetworksHaveThePublishedSize(String name, int parameters) {
        assertThat(Model.parse(name, 3, 32, 32, 10).parameters(device).trainable()).isEqualTo(parameters);
    }

    @Test
    void countsComeBackAndMayBeAbsent(@TempDir Path folder) {
        Model model = Model.parse("resnet20", 1, 8, 8, 2);
        Parameters saved = model.parameters(device);
        saved.initialize(1);
        Buffer count = saved.get("layer2.1.bn2.num_batches_tracked").value();
        assertThat(count.type()).isEqualTo(ElementType.INT64);
        count.upload(new long[] {1L << 40});
        Path file = folder.resolve("model.safetensors");
        saved.save().write(file);
        assertThat(SafeTensors.readParameters(file).metadata()).isEqualTo(Map.of("format", "pt"));
        Parameters read = model.parameters(device);
        read.load(file);
        assertThat(read.save().tensors().get("layer2.1.bn2.num_batches_tracked").array()).isEqualTo(new long[] {1L << 40});
        Map<String, SafeTensors.Tensor> without = new LinkedHashMap<>(saved.save().tensors());
        without.keySet().removeIf(name -> name.endsWith("num_batches_tracked"));
        read.load(new SafeTensors(without, Map.of()));
        assertThat(read.save().tensors().get("layer2.1.bn2.num_batches_tracked").array()).isEqualTo(new long[] {0});
        without.put("bn1.num_batches_tracked", new SafeTensors.Tensor(new int[0], new float[] {1}));
        assertThatThrownBy(() -> read.load(new SafeTensors(without, Map.of())))
            .hasMessageContaining("bn1.num_batches_tracked of the initial parameters is float32[], but the model's is int64");
    }

    @Test
    void initialValuesAreKaimingNormal() {
        Parameters parameters = Model.parse("resnet20", 3, 32, 32, 10).parameters(device);
        parameters.initialize(3);
        float[] x = parameters.get("layer3.1.conv1.weight").value().toFloats();
        double deviation = Math.sqrt(2.0 / (64 * 9));
        double[] moments = new double[5];
        for (float value : x) {
            for (int k = 1; k < 5; k++) {
                moments[k] += Math.pow(value / deviation, k) / x.length;
            }
        }
        // Of a standard normal distribution: 0, 1, 0, 3, each within five deviations of the estimate.
        double root = Math.sqrt(x.length);
        assertThat(Math.abs(moments[1])).isLessThan(5 / root);
        assertThat(Math.abs(moments[2] - 1)).isLessThan(5 * Math.sqrt(2) / root);
        assertThat(Math.abs(moments[3])).isLessThan(5 * Math.sqrt(15) / root);
        assertThat(Math.abs(moments[4] - 3)).isLessThan(5 * Math.sqrt(96) / root);
        assertThat(parameters.get("layer1.0.bn1.weight").value().toFloats()).containsOnly(1);
        assertThat(parameters.get("layer1.0.bn1.bias").value().toFloats()).containsOnly(0);
        assertThat(parameters.get("layer1.0.bn1.running_mean").value().toFloats()).containsOnly(0);
        assertThat(parameters.get("layer1.0.bn1.running_var").value().toFloats()).containsOnly(1);
    }

    @ParameterizedTest
    @CsvSource({"resnet20, 2, 32, 3 x 3", "resnet56, 9, 1, 3 x 3", "resnet18, 16, 64, 17 x 17", "resnet50, 224, 10, 17 x 17"})
    void imagesThatAreTooSmallAreRefused(String name, int height, int width, String least) {
        assertThatThrownBy(() -> Model.parse(name, 3, height, width, 10)).isInstanceOf(UsageException.class)
            .hasMessageContaining("model " + name + " needs images of at least " + least + ", not " + height + " x " + width)
            .extracting("parameter").isEqualTo("model");
    }

    @ParameterizedTest
    @CsvSource({"resnet20, 3, 3", "resnet18, 17, 17"})
    void theSmallestImagesGoThrough(String name, int height, int width) {
        Model model = Model.parse(name, 3, height, width, 2);
        Parameters parameters = model.parameters(device);
        parameters.initialize(1);
        ModelInstance training = model.instance(device, parameters, 2, 0, Precision.FP32);
        float[] logits = training.forward(device.floats(ReferenceCase.values(5, 2 * 3 * height * width, 1, 24))).toFloats();
        training.backward(device.floats(1, -1, 0.5f, 2));
        assertThat(logits).hasSize(4).doesNotContain(Float.NaN);
        assertThat(parameters.get("conv1.weight").gradient().toFloats()).doesNotContain(Float.NaN);
        assertThatThrownBy(() -> model.instance(device, parameters, 1, 0, Precision.FP32)).isInstanceOf(UsageException.class)
            .hasMessageContaining("one value a channel").extracting("parameter").isEqualTo("batch");
    }
}
