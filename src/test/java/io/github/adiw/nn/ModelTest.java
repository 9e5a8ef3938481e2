package io.github.adiw.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import io.github.adiw.nn.block.BatchNormLayer;
import io.github.adiw.nn.block.Block;
import io.github.adiw.nn.block.ConvolutionLayer;
import io.github.adiw.nn.block.Layer;
import io.github.adiw.nn.block.LinearLayer;
import io.github.adiw.nn.block.MaxPoolLayer;
import io.github.adiw.nn.block.MeanPoolLayer;
import io.github.adiw.nn.block.PaddedShortcutLayer;
import io.github.adiw.nn.block.ReluLayer;
import io.github.adiw.nn.block.ResidualSum;
import io.github.adiw.nn.block.Sequence;
import io.github.adiw.nn.block.Shape;
import io.github.adiw.nn.block.Wiring;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole networks against {@link DoubleNetwork}: losses, and gradients against finite differences. */
class ModelTest {
    private static final int TRAINED = 4;
    private static final int EXTRA = 3;
    private final Device device = DeviceMatrix.open();
    private final Random random = new Random(21);

    @AfterEach
    void close() {
        device.close();
    }

    private static Layer conv(String name, int filters, int kernel, int stride, int padding) {
        return new ConvolutionLayer(name, filters, kernel, stride, padding, true);
    }

    private static Model strange() {
        return new Model("odd sizes, which no fused pool takes", new Shape(2, 11, 13), Sequence.of(conv("a", 3, 3, 1, 1), new ReluLayer(),
            new MaxPoolLayer(), new ReluLayer(), conv("b", 4, 2, 2, 0), new MaxPoolLayer(), new LinearLayer("c", 5, true)));
    }

    /** As in residual networks: a shortcut that is the input, one that has parameters of its own, no biases, ReLU after the sums. */
    private static Model residual() {
        Block same = new ResidualSum(Sequence.of(new ConvolutionLayer("same.a", 3, 3, 1, 1, false), new ReluLayer(),
            new ConvolutionLayer("same.b", 3, 3, 1, 1, false)));
        Block smaller = new ResidualSum(
            Sequence.of(new ConvolutionLayer("smaller.a", 5, 3, 2, 1, false), new ReluLayer(), conv("smaller.b", 5, 3, 1, 1)),
            new ConvolutionLayer("smaller.shortcut", 5, 1, 2, 0, false));
        return new Model("residual", new Shape(2, 8, 6), Sequence.of(conv("stem", 3, 3, 1, 1), new ReluLayer(), same, new ReluLayer(),
            smaller, new ReluLayer(), new MaxPoolLayer(), new LinearLayer("fc", 4, false)));
    }

    private static Block normal(String name, int filters, int kernel, int stride) {
        return Sequence.of(ConvolutionLayer.beforeNorm(name, filters, kernel, stride, kernel / 2), new BatchNormLayer(name + ".norm"));
    }

    /** As residual networks are: batch normalisation everywhere, all kinds of shortcut, both pools. */
    private static Model normalised() {
        Block basic = Sequence.of(normal("a", 6, 3, 2), new ReluLayer(), normal("b", 6, 3, 1));
        Block bottleneck = Sequence.of(normal("c", 3, 1, 1), new ReluLayer(), normal("d", 3, 3, 2), new ReluLayer(), normal("e", 8, 1, 1));
        return new Model("normalised", new Shape(3, 19, 17), Sequence.of(normal("stem", 4, 7, 2), new ReluLayer(),
            new MaxPoolLayer(3, 2, 1), new ResidualSum(basic, new PaddedShortcutLayer(6, 2)), new ReluLayer(),
            new ResidualSum(bottleneck, normal("shortcut", 8, 1, 2)), new ReluLayer(), new MeanPoolLayer(),
            new LinearLayer("fc", 4, true)));
    }

    /** Values that many layers take: sums in sums, of a value with itself, of branches that share a gradient, at the end of the network. */
    private static Model tangled() {
        Block twice = new ResidualSum(Sequence.of());
        Block nested = new ResidualSum(
            Sequence.of(new LinearLayer("a", 6, true), new ResidualSum(new LinearLayer("b", 6, false)), new ReluLayer()),
            new ResidualSum(new LinearLayer("c", 6, true), new ReluLayer()));
        return new Model("tangled", new Shape(5, 1, 1), Sequence.of(new LinearLayer("first", 6, true), twice, nested,
            new ResidualSum(new ResidualSum(new LinearLayer("shared", 6, true))), new LinearLayer("d", 3, true),
            new ResidualSum(Sequence.of(new ReluLayer(), new LinearLayer("e", 3, true)))));
    }

    /** What one launch, or one layer, does of a network. */
    private enum Fused {
        NOTHING, LAYERS, WHOLE;

        Wiring of(Model model) {
            Wiring network = model.network();
            return switch (this) {
                case NOTHING -> network;
                case LAYERS -> network.fused(network.features());
                case WHOLE -> network.fused(network.features()).whole(TRAINED, network.features());
            };
        }
    }

    static List<Arguments> networks() {
        return List.of(
            Arguments.of(Model.parse("lenet", 1, 28, 28, 10), Fused.WHOLE),
            Arguments.of(Model.parse("lenet", 1, 28, 28, 47), Fused.WHOLE),
            Arguments.of(Model.parse("lenet", 1, 28, 28, 10), Fused.LAYERS),
            Arguments.of(Model.parse("lenet", 1, 28, 28, 10), Fused.NOTHING),
            Arguments.of(Model.parse("lenet", 3, 16, 20, 4), Fused.LAYERS),
            Arguments.of(Model.parse("mlp:13,7", 1, 6, 5, 3), Fused.LAYERS),
            Arguments.of(strange(), Fused.LAYERS),
            Arguments.of(residual(), Fused.LAYERS),
            Arguments.of(residual(), Fused.NOTHING),
            Arguments.of(Model.parse("lenet", 3, 13, 30, 4), Fused.LAYERS),
            Arguments.of(normalised(), Fused.LAYERS),
            Arguments.of(normalised(), Fused.NOTHING),
            Arguments.of(tangled(), Fused.LAYERS),
            Arguments.of(tangled(), Fused.NOTHING));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("networks")
    void gradientsAreTheSlopesOfTheLoss(Model model, Fused fused) {
        Pass pass = new Pass(model, fused);
        DoubleNetwork reference = new DoubleNetwork(model, pass.parameters);
        int size = model.network().input().shape().size();
        double[] losses = reference.losses(pass.x, pass.labels, TRAINED);
        for (int i = 0; i < TRAINED + EXTRA; i++) {
            assertThat((double) pass.losses[i]).as("loss %d", i).isCloseTo(losses[i], withinPercentage(1e-3));
        }
        float[] trained = Arrays.copyOf(pass.x, TRAINED * size);
        for (Parameter p : pass.parameters.list().stream().filter(Parameter::trainable).toList()) {
            float[] gradient = p.gradient().toFloats();
            float most = 0;
            for (float g : gradient) {
                most = Math.max(most, Math.abs(g));
            }
            assertThat(most).as(p.name()).isPositive();
            for (int k = 0; k < 8; k++) {
                int at = random.nextInt(gradient.length);
                double slope = reference.slope(p.name(), at, theta -> {
                    double sum = 0;
                    double[] moved = theta.losses(trained, pass.labels, TRAINED);
                    for (int i = 0; i < TRAINED; i++) {
                        sum += pass.weights[i] * moved[i];
                    }
                    return sum;
                });
                assertThat((double) gradient[at]).as("%s[%d]", p.name(), at).isCloseTo(slope, within(1e-5 * most));
            }
        }
    }

    private ModelInstance instance(Model model, Parameters parameters, int trained, int extra, Fused fused) {
        return new ModelInstance(model, fused.of(model), device, parameters, trained, extra, Precision.FP32);
    }

    /** A network's forward and backward pass over random rows. */
    private final class Pass {
        final float[] x;
        final int[] labels;
        final float[] weights = {1, 0.25f, 3, 0};
        final float[] losses;
        final Parameters parameters;

        Pass(Model model, Fused fused) {
            int rows = TRAINED + EXTRA;
            x = new float[rows * model.network().input().shape().size()];
            for (int i = 0; i < x.length; i++) {
                x[i] = random.nextFloat();
            }
            labels = random.ints(rows, 0, model.classes()).toArray();
            parameters = model.parameters(device);
            parameters.initialize(5);
            ModelInstance instance = instance(model, parameters, TRAINED, EXTRA, fused);
            SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy(device, rows, TRAINED, model.classes());
            Buffer rowLabels = device.ints(labels);
            loss.forward(instance.forward(device.floats(x)), rowLabels);
            instance.backward(loss.backward(rowLabels, device.floats(weights), 1));
            losses = loss.losses().toFloats();
        }
    }

    @ParameterizedTest
    @EnumSource(value = Fused.class, mode = EnumSource.Mode.EXCLUDE, names = "NOTHING")
    void fusedAndSeparateLayersAgree(Fused fused) {
        Model model = Model.parse("lenet", 1, 28, 28, 10);
        Parameters parameters = model.parameters(device);
        parameters.initialize(8);
        float[] x = new float[6 * 784];
        float[] dy = new float[5 * 10];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat();
        }
        for (int i = 0; i < dy.length; i++) {
            dy[i] = (float) random.nextGaussian();
        }
        Map<String, float[]> separate = results(model, parameters, x, dy, Fused.NOTHING);
        results(model, parameters, x, dy, fused)
            .forEach((name, values) -> ReferenceCase.assertClose(name, values, separate.get(name), 1e-5));
    }

    private Map<String, float[]> results(Model model, Parameters parameters, float[] x, float[] dy, Fused fused) {
        Map<String, float[]> results = new LinkedHashMap<>();
        try (ModelInstance instance = instance(model, parameters, 5, 1, fused)) {
            results.put("logits", instance.forward(device.floats(x)).toFloats());
            instance.backward(device.floats(dy));
            parameters.list().forEach(p -> results.put(p.name(), p.gradient().toFloats()));
        }
        return results;
    }

    /** The loss together with the forward pass, and with its gradient, is that of the logits, whatever kernels do it. */
    @ParameterizedTest
    @EnumSource(Fused.class)
    void aForwardPassWithItsLossIsOneAfterTheOther(Fused fused) {
        Model model = Model.parse("lenet", 1, 28, 28, 10);
        float[] x = new float[6 * 784];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat();
        }
        try (Parameters parameters = model.parameters(device); Buffer input = device.floats(x);
             Buffer labels = device.ints(3, 9, 0, 1, 1, 7);
             Buffer weights = device.floats(1, 0.25f, 3, 0, 2); ModelInstance instance = instance(model, parameters, 5, 1, fused);
             SoftmaxCrossEntropy apart = new SoftmaxCrossEntropy(device, 6, 5, 10);
             SoftmaxCrossEntropy together = new SoftmaxCrossEntropy(device, 6, 5, 10);
             SoftmaxCrossEntropy weighted = new SoftmaxCrossEntropy(device, 6, 5, 10)) {
            parameters.initialize(8);
            apart.forward(instance.forward(input), labels);
            float[] gradient = apart.backward(labels, weights, 0.5f).toFloats();
            together.forward(instance, input, Mode.TRAIN, labels);
            ReferenceCase.assertClose("gradient", together.backward(labels, weights, 0.5f).toFloats(), gradient, 1e-6);
            ReferenceCase.assertClose("gradient at once", weighted.forward(instance, input, labels, weights, 0.5f).toFloats(), gradient,
                1e-6);
            for (SoftmaxCrossEntropy loss : List.of(together, weighted)) {
                ReferenceCase.assertClose("losses", loss.losses().toFloats(), apart.losses().toFloats(), 1e-6);
                assertThat(loss.correct().toInts()).isEqualTo(apart.correct().toInts());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLossIsOfItsInstanceAndHasOneGradient(Fused fused) {
        Model model = Model.parse("lenet", 1, 28, 28, 10);
        try (Parameters parameters = model.parameters(device); Buffer rate = device.floats(0.01f); Buffer halted = device.ints(0);
             Buffer input = device.floats(new float[6 * 784]); Buffer labels = device.ints(3, 9, 0, 1, 1, 7);
             Buffer weights = device.floats(1, 0.25f, 3, 0, 2); ModelInstance instance = instance(model, parameters, 5, 1, fused);
             Optimizer optimizer = Optimizer.sgd(device, parameters, rate, halted, 0, false, WeightDecay.ofAll(0));
             SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy(device, 6, 5, 10);
             SoftmaxCrossEntropy longer = new SoftmaxCrossEntropy(device, 7, 5, 10);
             SoftmaxCrossEntropy fewer = new SoftmaxCrossEntropy(device, 6, 4, 10)) {
            assertThatThrownBy(() -> loss.backward(labels, weights, 1)).as("nothing was passed forward")
                .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> longer.forward(instance, input, Mode.TRAIN, labels)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the loss is of 7 rows, 5 of them trained on, and 10 classes; the instance of 6, 5 and 10");
            assertThatThrownBy(() -> fewer.forward(instance, input, labels, weights, 1)).hasMessageContaining("of 6 rows, 4 of them");
            assertThatThrownBy(() -> loss.forward(instance, input, weights, weights, 1))
                .hasMessageContaining("labels must be INT32 [6] on ");
            loss.forward(instance, input, labels, weights, 1);
            assertThatThrownBy(() -> loss.backward(instance, labels, weights, 1, optimizer)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("which is for ModelInstance.backward");
            loss.forward(instance, input, Mode.TRAIN, labels);
            loss.backward(instance, labels, weights, 1, optimizer);
            assertThatThrownBy(() -> loss.backward(instance, labels, weights, 1, optimizer)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the parameters have moved");
        }
    }

    /** How a backward pass and its update are asked for. */
    private enum Asked { APART, TOGETHER, FROM_THE_LOSS }

    /** An update together with the backward pass, from the loss or not, is that of the gradients, whatever kernels do it. */
    @ParameterizedTest
    @ValueSource(strings = {"adam", "sgd", "momentum", "decay of weights alone"})
    void aBackwardPassWithItsUpdateIsOneAfterTheOther(String kind) {
        Model model = Model.parse("lenet", 1, 28, 28, 10);
        float[] x = new float[6 * 784];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat();
        }
        Map<String, float[]> moved = moved(kind, model, x, Asked.APART);
        for (Asked asked : List.of(Asked.TOGETHER, Asked.FROM_THE_LOSS)) {
            moved(kind, model, x, asked).forEach((name, values) -> ReferenceCase.assertClose(name, values, moved.get(name), 1e-6));
        }
    }

    private Map<String, float[]> moved(String kind, Model model, float[] x, Asked asked) {
        Map<String, float[]> moved = new LinkedHashMap<>();
        try (Parameters parameters = model.parameters(device); Buffer rate = device.floats(0.01f); Buffer halted = device.ints(0);
             Buffer step = device.allocate(ElementType.INT64, 1); Buffer labels = device.ints(3, 9, 0, 1, 1, 7);
             Buffer weights = device.floats(1, 0.25f, 3, 0, 2); SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy(device, 6, 5, 10);
             Optimizer optimizer = switch (kind) {
                 case "adam" -> Optimizer.adam(device, parameters, rate, step, halted, WeightDecay.ofAll(0.1f));
                 case "sgd" -> Optimizer.sgd(device, parameters, rate, halted, 0, false, WeightDecay.ofAll(0.1f));
                 case "momentum" -> Optimizer.sgd(device, parameters, rate, halted, 0.9f, true, WeightDecay.ofAll(0));
                 default -> Optimizer.adam(device, parameters, rate, step, halted, WeightDecay.ofWeights(0.1f));
             };
             ModelInstance instance = instance(model, parameters, 5, 1, Fused.WHOLE)) {
            parameters.initialize(8);
            device.zero(step);
            for (int i = 0; i < 2; i++) {
                loss.forward(instance, device.floats(x), Mode.TRAIN, labels);
                switch (asked) {
                    case APART -> {
                        instance.backward(loss.backward(labels, weights, 0.5f));
                        optimizer.update();
                    }
                    case TOGETHER -> instance.backward(loss.backward(labels, weights, 0.5f), optimizer);
                    case FROM_THE_LOSS -> loss.backward(instance, labels, weights, 0.5f, optimizer);
                }
            }
            moved.put("gradients", parameters.gradients().toFloats());
            parameters.list().forEach(p -> moved.put(p.name(), p.value().toFloats()));
            optimizer.state().forEach((name, values) -> moved.put(name, values.toFloats()));
        }
        return moved;
    }

    @Test
    void anOptimizerOfOtherParametersIsRefused() {
        Model model = Model.parse("mlp:3", 1, 2, 2, 2);
        try (Parameters own = model.parameters(device); Parameters others = model.parameters(device); Buffer rate = device.floats(0);
             Buffer halted = device.ints(0);
             Optimizer optimizer = Optimizer.sgd(device, others, rate, halted, 0, false, new WeightDecay(0, false));
             ModelInstance instance = model.instance(device, own, 1, 0, Precision.FP32)) {
            instance.forward(device.floats(1, 2, 3, 4));
            assertThatThrownBy(() -> instance.backward(device.floats(1, 2), optimizer)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the optimizer is of other parameters than the instance");
        }
    }

    @Test
    void aRowsLogitsDoNotDependOnTheRowsBesideIt() {
        Model model = Model.parse("lenet", 1, 28, 28, 10);
        Parameters parameters = model.parameters(device);
        parameters.initialize(8);
        float[] x = new float[19 * 784];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat();
        }
        float[] together = model.instance(device, parameters, 16, 3, Precision.FP32).forward(device.floats(x)).toFloats();
        ModelInstance alone = model.instance(device, parameters, 0, 1, Precision.FP32);
        for (int i = 0; i < 19; i += 6) {
            float[] logits = alone.forward(device.floats(Arrays.copyOfRange(x, i * 784, (i + 1) * 784))).toFloats();
            ReferenceCase.assertClose("row " + i, Arrays.copyOfRange(together, i * 10, (i + 1) * 10), logits, 1e-5);
        }
    }

    @Test
    void aRecordedPassSeesTheParametersOfTheMoment() {
        Model model = Model.parse("mlp:3", 1, 2, 2, 2);
        Parameters parameters = model.parameters(device);
        ModelInstance evaluation = model.instance(device, parameters, 0, 1, Precision.FP32);
        Buffer x = device.floats(1, 2, 3, 4);
        List<Buffer> logits = new ArrayList<>();
        try (Graph graph = device.record(() -> logits.add(evaluation.forward(x)))) {
            graph.replay();
            assertThat(logits.get(0).toFloats()).containsExactly(0, 0);
            parameters.get("fc2.bias").value().upload(new float[] {0.5f, -2});
            graph.replay();
            assertThat(logits.get(0).toFloats()).containsExactly(0.5f, -2);
        }
    }

    @Test
    void anInstanceRefusesWhatDoesNotFitIt() {
        Model model = Model.parse("mlp:3", 1, 2, 2, 2);
        Parameters parameters = model.parameters(device);
        ModelInstance evaluation = model.instance(device, parameters, 0, 2, Precision.FP32);
        assertThatThrownBy(() -> evaluation.forward(device.floats(1, 2, 3, 4))).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("[2, 1, 2, 2]").hasMessageContaining("not FLOAT32 [4]");
        assertThatThrownBy(() -> evaluation.backward(device.floats())).isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("evaluation");
        ModelInstance training = model.instance(device, parameters, 2, 1, Precision.FP32);
        assertThatThrownBy(() -> training.backward(device.floats(1, 2, 3, 4, 5, 6))).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("[2, 2]").hasMessageContaining("not FLOAT32 [6]");
        assertThatThrownBy(() -> model.instance(device, parameters, 0, 0, Precision.FP32)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> model.instance(device, parameters, 3, -1, Precision.FP32)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "resnet", "mlp", "mlp:", "mlp:0", "mlp:-3", "mlp:12,", "mlp:a", "mlp:100000", "LeNet"})
    void unknownModelsAreRefused(String text) {
        assertThatThrownBy(() -> Model.parse(text, 1, 28, 28, 10)).isInstanceOf(UsageException.class)
            .hasMessageContaining("model " + text).hasMessageContaining("mlp:256,128").extracting("parameter").isEqualTo("model");
        assertThatThrownBy(() -> Model.check(text)).as("before there are data").isInstanceOf(UsageException.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 11})
    void lenetRefusesImagesThatItsWindowsDoNotFit(int side) {
        assertThatThrownBy(() -> Model.parse("lenet", 1, side, 28, 10)).isInstanceOf(UsageException.class)
            .hasMessageContaining(side + " x 28").hasMessageContaining("mlp:256,128");
    }
}
