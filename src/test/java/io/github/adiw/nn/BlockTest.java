package io.github.adiw.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.KernelParity;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import io.github.adiw.device.Launch;
import io.github.adiw.nn.block.BatchNormLayer;
import io.github.adiw.nn.block.Block;
import io.github.adiw.nn.block.ConvolutionLayer;
import io.github.adiw.nn.block.LinearLayer;
import io.github.adiw.nn.block.MaxPoolLayer;
import io.github.adiw.nn.block.Node;
import io.github.adiw.nn.block.Program;
import io.github.adiw.nn.block.ReluLayer;
import io.github.adiw.nn.block.ResidualSum;
import io.github.adiw.nn.block.Sequence;
import io.github.adiw.nn.block.Shape;
import io.github.adiw.nn.block.Value;
import io.github.adiw.nn.block.Wiring;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How blocks are put together: values with several consumers, fusion, modes, buffers, shared memory. Gradients: {@link ModelTest}. */
class BlockTest {
    private static final Block IDENTITY = Sequence.of();
    private final Device device = DeviceMatrix.open();

    @AfterEach
    void close() {
        device.close();
    }

    private static Block conv(String name) {
        return new ConvolutionLayer(name, 4, 3, 1, 1, true);
    }

    private ModelInstance instance(Model model, Parameters parameters, int trained, int extra) {
        return model.instance(device, parameters, trained, extra, Precision.FP32);
    }

    /** x = (1, -2) and (3, 5), the second row further: y = U (x + relu(W x)). */
    @Test
    void aResidualSumByHand() {
        Model model = new Model("by hand", new Shape(2, 1, 1), Sequence.of(new LinearLayer("first", 2, false),
            new ResidualSum(Sequence.of(new LinearLayer("W", 2, false), new ReluLayer())), new LinearLayer("U", 1, false)));
        Parameters parameters = model.parameters(device);
        parameters.get("first.weight").value().upload(new float[] {1, 0, 0, 1});
        parameters.get("W.weight").value().upload(new float[] {3, 1, 1, 1});
        parameters.get("U.weight").value().upload(new float[] {10, 100});
        ModelInstance instance = instance(model, parameters, 1, 1);
        // W x = (1, -1) and (14, 8): the sums are (2, -2) and (17, 13).
        assertThat(instance.forward(device.floats(1, -2, 3, 5)).toFloats()).containsExactly(-180, 1470);
        assertThat(instance.features().toFloats()).containsExactly(2, -2, 17, 13);
        Buffer gradient = device.floats(0.5f);
        instance.backward(gradient);
        assertThat(gradient.toFloats()).as("the gradient that is given is left as it is").containsExactly(0.5f);
        assertThat(parameters.get("U.weight").gradient().toFloats()).containsExactly(1, -1);
        // dL/dsum = (5, 50); ReLU lets the first pass: dL/d(W x) = (5, 0); dL/dx = (5, 50) + W' (5, 0) = (20, 55).
        assertThat(parameters.get("W.weight").gradient().toFloats()).containsExactly(5, -10, 0, 0);
        assertThat(parameters.get("first.weight").gradient().toFloats()).containsExactly(20, -40, 55, -110);
    }

    @Test
    void aSumOfAValueWithItselfDoublesItsGradient() {
        Model model = new Model("doubled", new Shape(2, 1, 1), Sequence.of(new LinearLayer("first", 1, true), new ResidualSum(IDENTITY),
            new ResidualSum(IDENTITY)));
        Parameters parameters = model.parameters(device);
        parameters.get("first.bias").value().upload(new float[] {3});
        ModelInstance instance = instance(model, parameters, 1, 0);
        assertThat(instance.forward(device.floats(7, 8)).toFloats()).containsExactly(12);
        instance.backward(device.floats(1));
        assertThat(parameters.get("first.bias").gradient().toFloats()).containsExactly(4);
        assertThat(parameters.get("first.weight").gradient().toFloats()).containsExactly(28, 32);
    }

    @Test
    void whatMeetsInASumMustHaveOneShape() {
        Block sum = new ResidualSum(new ConvolutionLayer("a", 5, 3, 2, 1, false));
        assertThatThrownBy(() -> new Model("unlike", new Shape(4, 8, 6), sum)).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("[5, 4, 3]").hasMessageContaining("[4, 8, 6]");
    }

    @Test
    void networksThatCannotBeAreRefused() {
        assertThatThrownBy(() -> new Model("nothing", new Shape(1, 2, 2), IDENTITY)).hasMessageContaining("at least one layer");
        assertThatThrownBy(() -> new Model("too small", new Shape(3, 1, 4), new MaxPoolLayer())).hasMessageContaining("[3, 0, 2]");
        Model twins = new Model("twins", new Shape(2, 1, 1), Sequence.of(new LinearLayer("a", 2, true), new LinearLayer("a", 2, true)));
        assertThatThrownBy(() -> twins.parameters(device)).hasMessageContaining("a.weight");
    }

    private static List<String> layers(Block block, Shape input) {
        return layers(Wiring.of(input, block).fused());
    }

    private static List<String> layers(Wiring network) {
        return network.nodes().stream().map(Node::layer).map(layer -> layer.getClass().getSimpleName()).toList();
    }

    @Test
    void lenetIsFiveLaunchesForward() {
        assertThat(layers(Model.parse("lenet", 1, 28, 28, 10).fused())).containsExactly("ConvolutionReluPoolLayer",
            "ConvolutionReluPoolLayer", "LinearLayer", "LinearLayer", "LinearLayer");
    }

    private static List<String> whole(String model, int channels, int height, int width, int classes) {
        Wiring network = Model.parse(model, channels, height, width, classes).network();
        return layers(network.fused(network.features()).whole(1, network.features()));
    }

    @Test
    void lenetIsOneLayerWhereItHasKernelsOfItsOwn() {
        assertThat(whole("lenet", 1, 28, 28, 10)).containsExactly("LeNetLayer");
        assertThat(whole("lenet", 1, 28, 28, 120)).containsExactly("LeNetLayer");
        for (List<String> other : List.of(whole("lenet", 1, 28, 28, 121), whole("lenet", 3, 28, 28, 10), whole("lenet", 1, 32, 32, 10),
            whole("mlp:120,84", 1, 28, 28, 10), whole("resnet20", 1, 28, 28, 10))) {
            assertThat(other).hasSizeGreaterThan(2).doesNotContain("LeNetLayer");
        }
        Model model = Model.parse("lenet", 1, 28, 28, 10);
        assertThat(layers(model.network().fused().whole(1))).as("nobody reads the features").doesNotContain("LeNetLayer");
        boolean few = device.prefersFewLaunches();
        assertThat(layers(model.fused(device, 1, Precision.FP32)).contains("LeNetLayer")).isEqualTo(few);
        assertThat(layers(model.fused(device, 1, Precision.TF32))).as("exact single precision alone").doesNotContain("LeNetLayer");
    }

    @Test
    void layersAreFusedWhereNobodyElseReadsWhatLiesBetween() {
        Shape image = new Shape(4, 8, 6);
        Block relu = new ReluLayer();
        Block pool = new MaxPoolLayer();
        assertThat(layers(Sequence.of(conv("a"), relu, pool), image)).containsExactly("ConvolutionReluPoolLayer");
        assertThat(layers(Sequence.of(conv("a"), Sequence.of(relu), Sequence.of(pool, conv("b"))), image)).as("across blocks")
            .containsExactly("ConvolutionReluPoolLayer", "ConvolutionLayer");
        assertThat(layers(Sequence.of(conv("a"), relu, pool), new Shape(4, 8, 7))).as("an odd width")
            .containsExactly("ConvolutionLayer", "MaxPoolLayer");
        assertThat(layers(Sequence.of(conv("a"), pool, relu), image)).as("another order")
            .containsExactly("ConvolutionLayer", "MaxPoolLayer", "ReluLayer");
        assertThat(layers(Sequence.of(conv("a"), new ResidualSum(Sequence.of(relu, conv("b")))), image)).as("the sum reads what ReLU reads")
            .containsExactly("ConvolutionLayer", "ReluLayer", "ConvolutionLayer", "SumLayer");
        Wiring network = Wiring.of(image, Sequence.of(conv("a"), relu));
        assertThat(layers(network.fused(network.features()))).as("features are read").containsExactly("ConvolutionLayer", "ReluLayer");
    }

    @Test
    void batchNormIsPartOfTheConvolutionInEvaluation() {
        Shape image = new Shape(4, 8, 6);
        Block relu = new ReluLayer();
        Block norm = new BatchNormLayer("n");
        Wiring whole = Wiring.of(image, Sequence.of(conv("a"), norm, relu));
        assertThat(layers(whole.evaluated())).containsExactly("NormalizedConvolutionLayer");
        assertThat(layers(whole.fused())).as("in training").containsExactly("ConvolutionLayer", "BatchNormLayer");
        assertThat(layers(Wiring.of(image, Sequence.of(conv("a"), relu, norm)).evaluated())).as("another order")
            .containsExactly("ConvolutionLayer", "BatchNormLayer");
        assertThat(layers(whole.evaluated(whole.nodes().get(0).output()))).as("what the convolution makes is read")
            .containsExactly("ConvolutionLayer", "BatchNormLayer");
        Parameters parameters = Parameters.allocate(device, whole.needs());
        assertThatThrownBy(() -> Program.bind(device, whole.evaluated(), parameters, 3, 2, Precision.FP32))
            .isInstanceOf(IllegalStateException.class).hasMessageContaining("cannot be trained");
    }

    @Test
    void evaluationIsTheSameWithoutAndWithRowsThatAreTrainedOn() {
        for (Model model : List.of(Model.parse("resnet20", 3, 9, 8, 5),
            new Model("biased", new Shape(2, 7, 5), Sequence.of(new ConvolutionLayer("a", 4, 3, 2, 1, true), new BatchNormLayer("n"))))) {
            Parameters parameters = model.parameters(device);
            parameters.initialize(1);
            Random random = new Random(2);
            parameters.list().stream().filter(p -> p.shape().length == 1 && p.value().type() == ElementType.FLOAT32).forEach(p -> {
                float[] values = new float[p.size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = 0.5f + random.nextFloat();
                }
                p.value().upload(values);
            });
            Buffer x = device.floats(values(3 * model.channels() * model.height() * model.width()));
            float[] evaluated = instance(model, parameters, 0, 3).forward(x, Mode.EVALUATE).toFloats();
            float[] trained = instance(model, parameters, 2, 1).forward(x, Mode.EVALUATE).toFloats();
            assertThat(evaluated).as(model.toString()).hasSize(trained.length);
            for (int i = 0; i < trained.length; i++) {
                assertThat(evaluated[i]).as("%s, %d", model, i).isCloseTo(trained[i], within(1e-5f * (1 + Math.abs(trained[i]))));
            }
        }
    }

    /** A stem, sums with both kinds of shortcut, and values of several sizes, so that shared memory changes hands. */
    private static Model residual() {
        return new Model("residual", new Shape(2, 8, 6), Sequence.of(conv("stem"), new ReluLayer(),
            new ResidualSum(Sequence.of(conv("a"), new ReluLayer(), conv("b"))), new ReluLayer(),
            new ResidualSum(new ConvolutionLayer("c", 6, 3, 2, 1, false), new ConvolutionLayer("d", 6, 1, 2, 0, false)), new MaxPoolLayer(),
            new LinearLayer("fc", 5, true), new ReluLayer(), new ResidualSum(new LinearLayer("last", 5, true))));
    }

    private static float[] values(int n) {
        Random random = new Random(9);
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    @Test
    void anInstanceForEvaluationSharesMemoryAndComputesTheSame() {
        Model model = residual();
        Parameters parameters = model.parameters(device);
        parameters.initialize(4);
        Buffer x = device.floats(values(5 * 96));
        ModelInstance training = instance(model, parameters, 3, 2);
        float[] logits = training.forward(x).toFloats();
        float[] features = training.features().toFloats();
        ModelInstance evaluation = instance(model, parameters, 0, 5);
        for (int pass = 0; pass < 2; pass++) {
            assertThat(evaluation.forward(x).toFloats()).isEqualTo(logits);
            assertThat(evaluation.features().toFloats()).isEqualTo(features);
        }
    }

    @Test
    void whatIsReadFromOutsideOutlivesLayersThatNobodyNeeds() {
        Model model = new Model("loose ends", new Shape(2, 1, 1), (network, input) -> {
            Value output = Sequence.of(new LinearLayer("a", 7, true), new LinearLayer("b", 7, true)).wire(network, input);
            Sequence.of(new LinearLayer("c", 7, true), new LinearLayer("d", 7, true), new LinearLayer("e", 7, true)).wire(network, input);
            return output;
        });
        Parameters parameters = model.parameters(device);
        parameters.initialize(4);
        Buffer x = device.floats(1, 2);
        ModelInstance training = instance(model, parameters, 1, 0);
        ModelInstance evaluation = instance(model, parameters, 0, 1);
        assertThat(evaluation.forward(x).toFloats()).isEqualTo(training.forward(x).toFloats());
        assertThat(evaluation.features().toFloats()).isEqualTo(training.features().toFloats());
        training.backward(device.floats(new float[7]));
    }

    /** Nothing is allocated in a pass, and a pass leaves nothing behind that the next one would see. */
    @Test
    void aRecordedStepRepeats() {
        Model model = residual();
        Parameters parameters = model.parameters(device);
        parameters.initialize(4);
        ModelInstance instance = instance(model, parameters, 3, 2);
        Buffer x = device.floats(values(5 * 96));
        Buffer dy = device.floats(values(3 * 5));
        instance.forward(x);
        instance.backward(dy);
        float[] gradients = parameters.gradients().toFloats();
        assertThat(gradients).isNotEqualTo(new float[gradients.length]);
        device.zero(parameters.gradients());
        try (Graph graph = device.record(() -> {
            instance.forward(x);
            instance.backward(dy);
        })) {
            graph.replay();
            graph.replay();
            assertThat(parameters.gradients().toFloats()).isEqualTo(gradients);
        }
    }

    /** On the stand-in driver: whatever the block and the order of its threads, and close to the host. */
    @Test
    void aResidualStepIsTheHosts() {
        KernelParity.check(1e-5, other -> {
            Model model = residual();
            Parameters parameters = model.parameters(other);
            parameters.initialize(4);
            ModelInstance instance = model.instance(other, parameters, 3, 2, Precision.FP32);
            float[] logits = instance.forward(other.floats(values(5 * 96))).toFloats();
            instance.backward(other.floats(values(3 * 5)));
            return List.of(logits, parameters.gradients().toFloats());
        });
    }

    private static Model remembering() {
        return new Model("remembering", new Shape(2, 1, 1), Sequence.of(new LinearLayer("first", 2, false), new FirstRow("first.seen"),
            new LinearLayer("fc", 2, false)));
    }

    private Parameters identities(Model model) {
        Parameters parameters = model.parameters(device);
        parameters.initialize(1);
        parameters.get("first.weight").value().upload(new float[] {1, 0, 0, 1});
        parameters.get("fc.weight").value().upload(new float[] {1, 0, 0, 1});
        return parameters;
    }

    @Test
    void theModeReachesTheLayers() {
        Model model = remembering();
        assertThat(model.dependsOnMode()).isTrue();
        assertThat(residual().dependsOnMode()).isFalse();
        Parameters parameters = identities(model);
        ModelInstance instance = instance(model, parameters, 1, 1);
        assertThat(instance.forward(device.floats(1, 2, 3, 4), Mode.EVALUATE).toFloats()).as("the initial value")
            .containsExactly(11, 12, 13, 14);
        assertThatThrownBy(() -> instance.backward(device.floats(1, 1))).isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("training mode");
        assertThat(instance.forward(device.floats(1, 2, 3, 4)).toFloats()).containsExactly(2, 4, 4, 6);
        ModelInstance evaluation = instance(model, parameters, 0, 1);
        assertThat(evaluation.forward(device.floats(0, 0)).toFloats()).as("instances share it").containsExactly(1, 2);
        assertThatThrownBy(() -> evaluation.forward(device.floats(0, 0), Mode.TRAIN)).isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("trained on");
    }

    @Test
    void buffersBelongToTheModelAndAreNotTrained() {
        Model model = remembering();
        Parameters parameters = identities(model);
        Parameter seen = parameters.get("first.seen");
        assertThat(seen.trainable()).isFalse();
        assertThat(seen.decayed()).isFalse();
        assertThat(seen.gradient()).isNull();
        assertThat(parameters.values().length()).as("two weights, each on a multiple of 16").isEqualTo(32);
        Optimizer.sgd(device, parameters, device.floats(0.5f), device.ints(0), 0.9f, false, WeightDecay.ofAll(0.1f)).update();
        assertThat(seen.value().toFloats()).containsExactly(10, 10);
        assertThat(parameters.get("fc.weight").value().toFloats()[0]).isLessThan(1);

        seen.value().upload(new float[] {6, 7});
        SafeTensors saved = parameters.save();
        assertThat(saved.tensors().keySet()).containsExactly("first.weight", "first.seen", "fc.weight");
        Parameters read = model.parameters(device);
        read.load(saved);
        assertThat(read.get("first.seen").value().toFloats()).containsExactly(6, 7);
    }

    @Test
    void biasesAreNotWeights() {
        for (Parameter p : Model.parse("lenet", 1, 28, 28, 10).parameters(device).list()) {
            assertThat(p.trainable()).as(p.name()).isTrue();
            assertThat(p.decayed()).as(p.name()).isEqualTo(p.name().endsWith(".weight"));
        }
    }

    /** What {@code state()} names is all that there is: copied into another run, it goes on bit for bit. */
    @Test
    void stateIsAllThatARunMustHaveToGoOn() {
        for (boolean adam : new boolean[] {false, true}) {
            Run first = new Run(adam);
            Run second = new Run(adam);
            first.steps(3);
            copy(first.parameters.state(), second.parameters.state());
            copy(first.optimizer.state(), second.optimizer.state());
            second.step.upload(new long[] {3});
            first.steps(2);
            second.steps(2);
            assertThat(second.parameters.values().toFloats()).isEqualTo(first.parameters.values().toFloats());
            assertThat(first.optimizer.state().keySet()).isEqualTo(adam ? Set.of("mean", "square") : Set.of("momentum"));
        }
    }

    private void copy(Map<String, Buffer> from, Map<String, Buffer> to) {
        assertThat(to.keySet()).isEqualTo(from.keySet());
        from.forEach((name, buffer) -> device.copy(buffer, to.get(name)));
    }

    /** Training of a small network; the gradient of its logits is always the same. */
    private final class Run {
        final Model model = remembering();
        final Parameters parameters = identities(model);
        final Buffer step = device.allocate(ElementType.INT64, 1);
        final Optimizer optimizer;
        private final ModelInstance instance = instance(model, parameters, 1, 0);

        Run(boolean adam) {
            device.zero(step);
            Buffer rate = device.floats(0.1f);
            Buffer halted = device.ints(0);
            optimizer = adam ? Optimizer.adam(device, parameters, rate, step, halted, WeightDecay.ofAll(0.01f))
                : Optimizer.sgd(device, parameters, rate, halted, 0.9f, true, WeightDecay.ofAll(0.01f));
        }

        void steps(int count) {
            for (int i = 0; i < count; i++) {
                instance.forward(device.floats(0.5f, -0.25f));
                instance.backward(device.floats(1, -2));
                optimizer.update();
                device.launch("advance", Launch.block(), step);
            }
        }
    }
}
