package io.github.adiw.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Graph;
import io.github.adiw.device.Launch;
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

    /** In TF32 the rounding of long inputs may choose the other side of a kink, whose gradient is another: these cases are for FP32 alone. */
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
        Parameter weight = parameter(c, "weight");
        Parameter bias = parameter(c, "bias");
        check(c, batch, bar(precision), new LinearLayer(device, batch + EXTRA, batch, c.size("inputs"), c.size("outputs"), c.flag("relu"),
            weight, bias, precision));
        c.check("dweight", weight.gradient().toFloats(), gradientBar(precision, batch));
        c.check("dbias", bias.gradient().toFloats(), gradientBar(precision, batch));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource
    void convolutions(ReferenceCase c, Precision precision) {
        int batch = c.size("batch");
        Parameter weight = parameter(c, "weight");
        Parameter bias = parameter(c, "bias");
        check(c, batch, bar(precision), new ConvolutionLayer(device, shape(c), batch, c.flag("relu"), weight, bias, precision));
        c.check("dweight", weight.gradient().toFloats(), gradientBar(precision, batch));
        c.check("dbias", bias.gradient().toFloats(), gradientBar(precision, batch));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource
    void pooledConvolutions(ReferenceCase c, Precision precision) {
        int batch = c.size("batch");
        Parameter weight = parameter(c, "weight");
        Parameter bias = parameter(c, "bias");
        check(c, batch, bar(precision), new ConvolutionReluPoolLayer(device, shape(c), batch, weight, bias, precision));
        c.check("dweight", weight.gradient().toFloats(), gradientBar(precision, batch));
        c.check("dbias", bias.gradient().toFloats(), gradientBar(precision, batch));
    }

    private Parameter parameter(ReferenceCase c, String name) {
        float[] values = c.input(name);
        return new Parameter(name, new int[] {values.length}, 1, device.floats(values), device.allocate(ElementType.FLOAT32, values.length));
    }

    private static Convolution shape(ReferenceCase c) {
        return new Convolution(c.size("batch") + EXTRA, c.size("channels"), c.size("height"), c.size("width"), c.size("filters"),
            c.size("kernel"), c.size("stride"), c.size("padding"));
    }

    /** Forward over the case's rows and the further ones, backward over the case's; the reference says whether dx is wanted. */
    private void check(ReferenceCase c, int batch, double tolerance, Layer layer) {
        float[] x = c.input("x");
        float[] dy = c.input("dy");
        float[] rows = Arrays.copyOf(x, x.length / batch * (batch + EXTRA));
        Arrays.fill(rows, x.length, rows.length, 1000);
        Buffer y = layer.forward(device.floats(rows));
        Buffer dx = layer.backward(device.floats(dy), c.has("dx"));
        if (c.has("y")) {
            c.check("y", Arrays.copyOf(y.toFloats(), dy.length), tolerance);
        }
        if (c.has("dx")) {
            c.check("dx", dx.toFloats(), tolerance);
        } else {
            assertThat(dx).isNull();
        }
    }

    static List<ReferenceCase> relu() {
        return ReferenceCase.ofKind("relu");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void relu(ReferenceCase c) {
        int n = c.size("n");
        check(c, 1, 0, new ReluLayer(device, 1 + EXTRA, 1, n));
    }

    static List<ReferenceCase> maxPool() {
        return ReferenceCase.ofKind("maxpool");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void maxPool(ReferenceCase c) {
        int batch = c.size("batch");
        check(c, batch, 0, new MaxPoolLayer(device, batch + EXTRA, batch, c.size("channels"), c.size("height"), c.size("width")));
    }

    @Test
    void maxPoolLetsNothingHideANumberThatIsNone() {
        for (int at = 0; at < 4; at++) {
            float[] x = {-1, 5, 2, 3};
            x[at] = Float.NaN;
            assertThat(new MaxPoolLayer(device, 1, 1, 1, 2, 2).forward(device.floats(x)).toFloats()).containsExactly(Float.NaN);
        }
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
        Parameters parameters = new Parameters(device, List.of(new Parameters.Declaration("p", new int[] {n}, 1)));
        Parameter p = parameters.get("p");
        p.value().upload(c.input("parameters"));
        float decay = c.number("weightDecay").floatValue();
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
            assertThat(p.value().toFloats()).as("nothing moves once training has halted").isEqualTo(Arrays.copyOfRange(y, y.length - n, y.length));
        }
    }
}
