package io.github.adiw.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import io.github.adiw.device.Launch;
import io.github.adiw.nn.block.BatchNormLayer;
import io.github.adiw.nn.block.Block;
import io.github.adiw.nn.block.ConvolutionLayer;
import io.github.adiw.nn.block.Declaration;
import io.github.adiw.nn.block.Initial;
import io.github.adiw.nn.block.LinearLayer;
import io.github.adiw.nn.block.MatrixKernels;
import io.github.adiw.nn.block.MaxPoolLayer;
import io.github.adiw.nn.block.MeanPoolLayer;
import io.github.adiw.nn.block.PaddedShortcutLayer;
import io.github.adiw.nn.block.Program;
import io.github.adiw.nn.block.ReluLayer;
import io.github.adiw.nn.block.ResidualSum;
import io.github.adiw.nn.block.Sequence;
import io.github.adiw.nn.block.Shape;
import io.github.adiw.nn.block.Wiring;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every layer, the loss and the optimizers against PyTorch. Layers get rows beyond those that are trained on, full of large values:
 * these must show nowhere in the gradients.
 */
class LayerReferenceTest {
    private static final int EXTRA = 2;
    private final Device device = DeviceMatrix.open();

    @AfterEach
    void close() {
        device.close();
    }

    static Stream<Arguments> products() {
        return both("gemm");
    }

    static Stream<Arguments> linear() {
        return both("linear");
    }

    static Stream<Arguments> convolutions() {
        return both("conv2d");
    }

    static Stream<Arguments> pooledConvolutions() {
        return both("conv2d_relu_pool");
    }

    /** In TF32 the rounding of long inputs may choose the other side of a kink, whose gradient is another: such cases are for FP32. */
    private static Stream<Arguments> both(String kind) {
        return ReferenceCase.ofKind(kind).stream().flatMap(c -> {
            boolean kink = !kind.equals("gemm") && (c.flag("relu") || kind.equals("conv2d_relu_pool") && c.bits("x") > 10);
            return (kink ? Stream.of(Precision.FP32) : Stream.of(Precision.values())).map(precision -> Arguments.of(c, precision));
        });
    }

    private static double bar(Precision precision) {
        return precision == Precision.FP32 ? 1e-5 : 1e-3;
    }

    /** The bar of weight gradients. */
    private static double gradientBar(Precision precision, int batch) {
        return precision == Precision.FP32 && batch >= 256 ? 2e-5 : bar(precision);
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource
    void products(ReferenceCase c, Precision precision) {
        int m = c.size("m");
        int n = c.size("n");
        Buffer result = c.flag("accumulate") ? device.floats(c.input("c")) : device.allocate(ElementType.FLOAT32, (long) m * n);
        Buffer bias = c.flag("bias") ? device.floats(c.input("bias")) : null;
        int flags = (c.flag("accumulate") ? MatrixKernels.ACCUMULATE : 0) | (c.flag("relu") ? MatrixKernels.RELU : 0);
        MatrixKernels.gemm(device, precision, device.floats(c.input("a")), device.floats(c.input("b")), result, bias, m, n, c.size("k"),
            c.flag("transposeA"), c.flag("transposeB"), flags);
        c.check("y", result.toFloats(), bar(precision));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource
    void linear(ReferenceCase c, Precision precision) {
        int batch = c.size("batch");
        Block layer = new LinearLayer("layer", c.size("outputs"), true);
        Parameters parameters = check(c, batch, bar(precision), precision, new Shape(c.size("inputs"), 1, 1),
            c.flag("relu") ? Sequence.of(layer, new ReluLayer()) : layer);
        checkGradients(c, batch, precision, parameters);
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource
    void convolutions(ReferenceCase c, Precision precision) {
        int batch = c.size("batch");
        Parameters parameters = check(c, batch, bar(precision), precision, image(c),
            c.flag("relu") ? Sequence.of(convolution(c), new ReluLayer()) : convolution(c));
        checkGradients(c, batch, precision, parameters);
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource
    void pooledConvolutions(ReferenceCase c, Precision precision) {
        int batch = c.size("batch");
        Parameters parameters = check(c, batch, bar(precision), precision, image(c),
            Sequence.of(convolution(c), new ReluLayer(), new MaxPoolLayer()));
        checkGradients(c, batch, precision, parameters);
    }

    private static Block convolution(ReferenceCase c) {
        return new ConvolutionLayer("layer", c.size("filters"), c.size("kernel"), c.size("stride"), c.size("padding"), true);
    }

    private static Shape image(ReferenceCase c) {
        return new Shape(c.size("channels"), c.size("height"), c.size("width"));
    }

    private static void checkGradients(ReferenceCase c, int batch, Precision precision, Parameters parameters) {
        c.check("dweight", parameters.get("layer.weight").gradient().toFloats(), gradientBar(precision, batch));
        c.check("dbias", parameters.get("layer.bias").gradient().toFloats(), gradientBar(precision, batch));
    }

    /**
     * Forward over the case's rows and the further ones, backward over the case's, by as few layers as there can be. Where the reference
     * has a gradient of x, x is a parameter; where it has none, x is what the network is given, and its gradient is not computed.
     */
    private Parameters check(ReferenceCase c, int batch, double tolerance, Precision precision, Shape shape, Block block) {
        return check(c, batch, tolerance, precision, shape, block, 1);
    }

    /** @param layers of the block when they are as few as there can be */
    private Parameters check(ReferenceCase c, int batch, double tolerance, Precision precision, Shape shape, Block block, int layers) {
        float[] x = c.input("x");
        float[] dy = c.input("dy");
        float[] rows = Arrays.copyOf(x, x.length / batch * (batch + EXTRA));
        Arrays.fill(rows, x.length, rows.length, 1000);
        Wiring network = Wiring.of(shape, c.has("dx") ? Sequence.of(new GivenRows("x", batch + EXTRA), block) : block).fused();
        assertThat(network.nodes()).as("layers").hasSize(c.has("dx") ? layers + 1 : layers);
        Parameters parameters = Parameters.allocate(device, network.needs());
        for (Parameter p : parameters.list()) {
            if (p.name().equals("x")) {
                p.value().upload(rows);
            } else if (p.value().type() == ElementType.FLOAT32) {
                p.value().upload(parameter(c, p.name().substring("layer.".length())));
            }
        }
        Program program = Program.bind(device, network, parameters, batch + EXTRA, batch, precision);
        float[] y = program.forward(device.floats(rows), Mode.TRAIN).toFloats();
        program.backward(device.floats(dy));
        if (c.has("y")) {
            c.check("y", Arrays.copyOf(y, dy.length), tolerance);
        }
        if (c.has("dx")) {
            c.check("dx", Arrays.copyOf(parameters.get("x").gradient().toFloats(), x.length), tolerance);
        }
        return parameters;
    }

    /** Running variances are 0.5 at least. */
    private static float[] parameter(ReferenceCase c, String name) {
        float[] values = c.input(name);
        for (int i = 0; i < values.length && name.equals("running_var"); i++) {
            values[i] = Math.abs(values[i]) + 0.5f;
        }
        return values;
    }

    static Stream<Arguments> plainConvolutions() {
        return ReferenceCase.ofKind("conv2d_plain").stream()
            .flatMap(c -> Stream.of(Precision.values()).map(precision -> Arguments.of(c, precision)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource
    void plainConvolutions(ReferenceCase c, Precision precision) {
        Block layer = ConvolutionLayer.beforeNorm("layer", c.size("filters"), c.size("kernel"), c.size("stride"), c.size("padding"));
        Parameters parameters = check(c, c.size("batch"), bar(precision), precision, image(c), layer);
        assertThat(parameters.list()).extracting(Parameter::name).containsExactly("x", "layer.weight");
        c.check("dweight", parameters.get("layer.weight").gradient().toFloats(), precision == Precision.FP32 ? 2e-5 : 1e-3);
    }

    static List<ReferenceCase> batchNorms() {
        return ReferenceCase.ofKind("batch_norm");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void batchNorms(ReferenceCase c) {
        Block norm = new BatchNormLayer("layer");
        Block block = c.flag("relu") ? Sequence.of(norm, new ReluLayer()) : norm;
        Parameters parameters = check(c, c.size("batch"), 1e-5, Precision.FP32, image(c), block);
        checkGradients(c, c.size("batch"), Precision.FP32, parameters);
        c.check("mean", parameters.get("layer.running_mean").value().toFloats(), 1e-6);
        c.check("variance", parameters.get("layer.running_var").value().toFloats(), 1e-6);
        assertThat(count(parameters)).isEqualTo(1);

        float[] x = c.input("x");
        for (String name : List.of("running_mean", "running_var")) {
            parameters.get("layer." + name).value().upload(parameter(c, name));
        }
        for (int trained : new int[] {0, c.size("batch")}) {
            try (Program program = Program.bind(device, Wiring.of(image(c), block).fused(), parameters, c.size("batch"), trained,
                Precision.FP32)) {
                c.check("evaluated", program.forward(device.floats(x), Mode.EVALUATE).toFloats(), 1e-5);
            }
        }
        assertThat(parameters.get("layer.running_mean").value().toFloats()).as("evaluation leaves it as it is")
            .isEqualTo(c.input("running_mean"));
        assertThat(count(parameters)).isEqualTo(1);
    }

    private static long count(Parameters parameters) {
        long[] count = new long[1];
        parameters.get("layer.num_batches_tracked").value().download(count);
        return count[0];
    }

    @Test
    void oneValueAChannelHasNoVariance() {
        Wiring network = Wiring.of(new Shape(3, 1, 1), new BatchNormLayer("layer"));
        Parameters parameters = Parameters.allocate(device, network.needs());
        assertThatThrownBy(() -> Program.bind(device, network, parameters, 5, 1, Precision.FP32)).isInstanceOf(UsageException.class)
            .hasMessageContaining("batch 1 leaves one value a channel to the batch normalisation layer");
        Program.bind(device, network, parameters, 5, 2, Precision.FP32).close();
        Program.bind(device, network, parameters, 1, 0, Precision.FP32).close();
    }

    static List<ReferenceCase> windows() {
        return ReferenceCase.ofKind("windows");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void windows(ReferenceCase c) {
        check(c, c.size("batch"), c.bits("x") > 10 ? 1e-6 : 0, Precision.FP32, image(c),
            new MaxPoolLayer(c.size("kernel"), c.size("stride"), c.size("padding")));
    }

    static List<ReferenceCase> meanPool() {
        return ReferenceCase.ofKind("mean_pool");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void meanPool(ReferenceCase c) {
        check(c, c.size("batch"), 1e-6, Precision.FP32, image(c), new MeanPoolLayer());
    }

    static List<ReferenceCase> shortcut() {
        return ReferenceCase.ofKind("shortcut");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void shortcut(ReferenceCase c) {
        check(c, c.size("batch"), 0, Precision.FP32, image(c), new PaddedShortcutLayer(c.size("filters"), c.size("stride")));
    }

    static List<ReferenceCase> residual() {
        return ReferenceCase.ofKind("residual");
    }

    /** The sum and a layer on one of the ways to it; the gradients of both ways meet. */
    @ParameterizedTest(name = "{0}")
    @MethodSource
    void residual(ReferenceCase c) {
        check(c, c.size("batch"), 1e-6, Precision.FP32, image(c), new ResidualSum(new ReluLayer(), Sequence.of()), 2);
    }

    static List<ReferenceCase> relu() {
        return ReferenceCase.ofKind("relu");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void relu(ReferenceCase c) {
        check(c, 1, 0, Precision.FP32, new Shape(c.size("n"), 1, 1), new ReluLayer());
    }

    static List<ReferenceCase> maxPool() {
        return ReferenceCase.ofKind("maxpool");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void maxPool(ReferenceCase c) {
        check(c, c.size("batch"), 0, Precision.FP32, image(c), new MaxPoolLayer());
    }

    @Test
    void maxPoolLetsNothingHideANumberThatIsNone() {
        Wiring network = Wiring.of(new Shape(1, 2, 2), new MaxPoolLayer());
        Program program = Program.bind(device, network, Parameters.allocate(device, network.needs()), 1, 0, Precision.FP32);
        for (int at = 0; at < 4; at++) {
            float[] x = {-1, 5, 2, 3};
            x[at] = Float.NaN;
            assertThat(program.forward(device.floats(x), Mode.EVALUATE).toFloats()).containsExactly(Float.NaN);
        }
        Wiring overlapping = Wiring.of(new Shape(1, 2, 2), new MaxPoolLayer(3, 2, 1));
        Program windows = Program.bind(device, overlapping, Parameters.allocate(device, network.needs()), 1, 0, Precision.FP32);
        assertThat(windows.forward(device.floats(-1, Float.NaN, 2, 3), Mode.EVALUATE).toFloats()).containsExactly(Float.NaN);
    }

    static List<ReferenceCase> crossEntropy() {
        return ReferenceCase.ofKind("cross_entropy");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void crossEntropy(ReferenceCase c) {
        int batch = c.size("batch");
        int classes = c.size("classes");
        float[] x = c.input("x");
        int[] labels = c.labels();
        SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy(device, batch + EXTRA, batch, classes);
        Buffer rowLabels = device.ints(Arrays.copyOf(labels, batch + EXTRA));
        loss.forward(device.floats(Arrays.copyOf(x, (batch + EXTRA) * classes)), rowLabels);
        Buffer gradient = loss.backward(rowLabels, device.floats(c.input("weights")), c.number("scale").floatValue());
        c.check("losses", Arrays.copyOf(loss.losses().toFloats(), batch), 1e-5);
        c.check("dx", gradient.toFloats(), 1e-5);
        int[] correct = loss.correct().toInts();
        for (int i = 0; i < batch; i++) {
            int best = 0;
            for (int k = 1; k < classes; k++) {
                best = x[i * classes + k] > x[i * classes + best] ? k : best;
            }
            assertThat(correct[i]).as("row %d", i).isEqualTo(best == labels[i] ? 1 : 0);
        }
        // The further rows are all zeros with label 0: log(classes), and the first of equal logits counts as the answer.
        assertThat(loss.losses().toFloats()[batch]).isEqualTo((float) Math.log(classes), within(1e-6f));
        assertThat(correct[batch]).isEqualTo(1);
    }

    @Test
    void lossOfHopelessAndOfCertainRows() {
        SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy(device, 4, 4, 3);
        Buffer labels = device.ints(1, 0, 2, 1);
        loss.forward(device.floats(0, 1e4f, 0, -1e4f, 1e4f, 0, 7, Float.NaN, 7, -3e38f, 3e38f, 0), labels);
        Buffer gradient = loss.backward(labels, device.floats(2, 0.5f, 1, 1), 1);
        assertThat(loss.losses().toFloats()).containsExactly(0, 2e4f, Float.NaN, 0);
        assertThat(Arrays.copyOf(gradient.toFloats(), 6)).containsExactly(0, 0, 0, -0.5f, 0.5f, 0);
    }

    static Stream<ReferenceCase> optimizers() {
        return Stream.of("sgd", "adam").flatMap(kind -> ReferenceCase.ofKind(kind).stream());
    }

    /** Weight decay that spares a parameter between two that it reaches, one of them longer than a span. */
    @Test
    void decayOfWeightsAlone() {
        Parameters parameters = Parameters.allocate(device, List.of(Declaration.weight("a", Initial.constant(0), 20_001),
            Declaration.undecayed("b", Initial.constant(0), 17), Declaration.weight("c", Initial.constant(0), 5)));
        for (boolean adam : new boolean[] {false, true}) {
            for (Parameter p : parameters.list()) {
                float[] twos = new float[p.size()];
                Arrays.fill(twos, 2);
                p.value().upload(twos);
            }
            device.zero(parameters.gradients());
            Buffer step = device.allocate(ElementType.INT64, 1);
            device.zero(step);
            WeightDecay decay = WeightDecay.ofWeights(0.5f);
            Optimizer optimizer = adam ? Optimizer.adam(device, parameters, device.floats(0.25f), step, device.ints(0), decay)
                : Optimizer.sgd(device, parameters, device.floats(0.25f), device.ints(0), 0, false, decay);
            optimizer.update();
            assertThat(parameters.get("a").value().toFloats()).containsOnly(1.75f);
            assertThat(parameters.get("b").value().toFloats()).containsOnly(2);
            assertThat(parameters.get("c").value().toFloats()).containsOnly(1.75f);
        }
    }

    /** One recorded update, replayed: rate and step number come from the device. */
    @ParameterizedTest(name = "{0}")
    @MethodSource
    void optimizers(ReferenceCase c) {
        int n = c.size("n");
        float[] gradients = c.input("gradients");
        float[] rates = c.rates();
        Buffer rate = device.floats(0);
        Buffer halted = device.ints(0);
        Buffer step = device.allocate(ElementType.INT64, 1);
        device.zero(step);
        Parameters parameters = Parameters.allocate(device, List.of(Declaration.weight("p", Initial.uniform(1), n)));
        Parameter p = parameters.get("p");
        p.value().upload(c.input("parameters"));
        WeightDecay decay = WeightDecay.ofAll(c.number("weightDecay").floatValue());
        Optimizer optimizer = c.toString().startsWith("adam") ? Optimizer.adam(device, parameters, rate, step, halted, decay)
            : Optimizer.sgd(device, parameters, rate, halted, c.number("momentum").floatValue(), c.flag("nesterov"), decay);
        float[] y = new float[gradients.length];
        try (Graph graph = device.record(() -> {
            optimizer.update();
            device.launch("advance", Launch.block(), step);
        })) {
            for (int t = 0; t < rates.length; t++) {
                rate.upload(new float[] {rates[t]});
                p.gradient().upload(Arrays.copyOfRange(gradients, t * n, (t + 1) * n));
                graph.replay();
                System.arraycopy(p.value().toFloats(), 0, y, t * n, n);
            }
            c.check("y", y, 1e-5);
            halted.upload(new int[] {7});
            graph.replay();
            assertThat(p.value().toFloats()).as("nothing moves once training has halted")
                .isEqualTo(Arrays.copyOfRange(y, y.length - n, y.length));
        }
    }
}
