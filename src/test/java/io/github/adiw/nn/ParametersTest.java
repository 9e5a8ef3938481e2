package io.github.adiw.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.AdiwException;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Device;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParametersTest {
    private static final Model LENET = Model.parse("lenet", 1, 28, 28, 10);
    private final Device device = DeviceMatrix.open();

    @AfterEach
    void close() {
        device.close();
    }

    @Test
    void lenetIsThePublishedOne() {
        Map<String, String> shapes = new LinkedHashMap<>();
        int[] count = new int[1];
        for (Parameter p : LENET.parameters(device).list()) {
            shapes.put(p.name(), Arrays.toString(p.shape()));
            count[0] += p.size();
        }
        assertThat(shapes.toString()).isEqualTo("{conv1.weight=[6, 1, 5, 5], conv1.bias=[6], conv2.weight=[16, 6, 5, 5], conv2.bias=[16], "
            + "fc1.weight=[120, 400], fc1.bias=[120], fc2.weight=[84, 120], fc2.bias=[84], fc3.weight=[10, 84], fc3.bias=[10]}");
        assertThat(count[0]).isEqualTo(61_706);
    }

    /** Uniform in +-1/sqrt(fan in), biases included: the bound, the moments, and the largest distance to the distribution (Kolmogorov). */
    @Test
    void initialValuesAreThoseOfPyTorch() {
        Parameters parameters = LENET.parameters(device);
        parameters.initialize(11);
        Map<String, Integer> fanIn = Map.of("conv1", 25, "conv2", 150, "fc1", 400, "fc2", 120, "fc3", 84);
        for (Parameter p : parameters.list()) {
            double bound = 1 / Math.sqrt(fanIn.get(p.name().substring(0, p.name().indexOf('.'))));
            float[] x = p.value().toFloats();
            Arrays.sort(x);
            assertThat(x[0]).as(p.name()).isGreaterThanOrEqualTo((float) -bound);
            assertThat(x[x.length - 1]).as(p.name()).isLessThanOrEqualTo((float) bound);
            assertThat(x[0]).as("not all alike: " + p.name()).isLessThan(x[x.length - 1]);
            double distance = 0;
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < x.length; i++) {
                double share = (x[i] + bound) / (2 * bound);
                distance = Math.max(distance, Math.max(share - i / (double) x.length, (i + 1) / (double) x.length - share));
                sum += x[i];
                squares += (double) x[i] * x[i];
            }
            double root = Math.sqrt(x.length);
            assertThat(distance * root).as(p.name()).isLessThan(1.95);
            assertThat(sum / x.length / bound).as(p.name()).isEqualTo(0, within(4 / Math.sqrt(3) / root));
            assertThat(squares / x.length / bound / bound).as(p.name()).isEqualTo(1 / 3.0, within(4 * Math.sqrt(4 / 45.0) / root));
        }
    }

    @Test
    void theSeedDecidesTheInitialValues() {
        Parameters first = LENET.parameters(device);
        Parameters again = LENET.parameters(device);
        Parameters other = LENET.parameters(device);
        first.initialize(11);
        again.initialize(11);
        other.initialize(12);
        for (int i = 0; i < first.list().size(); i++) {
            float[] values = first.list().get(i).value().toFloats();
            assertThat(again.list().get(i).value().toFloats()).isEqualTo(values);
            assertThat(other.list().get(i).value().toFloats()).isNotEqualTo(values);
        }
        // Parameters of one bound do not share their numbers.
        assertThat(first.get("fc3.bias").value().toFloats()).isNotEqualTo(Arrays.copyOf(first.get("fc3.weight").value().toFloats(), 10));
    }

    @Test
    void savedParametersAreReadBack(@TempDir Path folder) {
        Parameters saved = LENET.parameters(device);
        saved.initialize(3);
        saved.save().write(folder.resolve("model.safetensors"));
        Parameters read = LENET.parameters(device);
        read.load(SafeTensors.read(folder.resolve("model.safetensors")));
        for (Parameter p : saved.list()) {
            assertThat(read.get(p.name()).value().toFloats()).as(p.name()).isEqualTo(p.value().toFloats());
        }
    }

    @Test
    void tensorsThatDoNotFitAreNamedAndNothingIsChanged() {
        Parameters parameters = LENET.parameters(device);
        parameters.initialize(3);
        Map<String, SafeTensors.Tensor> whole = parameters.save().tensors();

        Map<String, SafeTensors.Tensor> missing = new LinkedHashMap<>(whole);
        missing.remove("fc2.bias");
        assertThatThrownBy(() -> parameters.load(new SafeTensors(missing, Map.of()))).isInstanceOf(AdiwException.class)
            .hasMessage("the tensor fc2.bias [84] is missing from the initial parameters");
        missing.put("fc2.offset", new SafeTensors.Tensor(new int[] {84}, new float[84]));
        missing.put("fc2.other", new SafeTensors.Tensor(new int[] {1}, new float[1]));
        assertThatThrownBy(() -> parameters.load(new SafeTensors(missing, Map.of()))).isInstanceOf(AdiwException.class)
            .hasMessage("the tensor fc2.bias [84] is missing from the initial parameters, where fc2.offset is instead");

        Map<String, SafeTensors.Tensor> turned = new LinkedHashMap<>(whole);
        turned.put("conv1.weight", new SafeTensors.Tensor(whole.get("conv1.weight").shape(), new float[150]));
        turned.put("fc1.weight", new SafeTensors.Tensor(new int[] {400, 120}, new float[48_000]));
        assertThatThrownBy(() -> parameters.load(new SafeTensors(turned, Map.of()))).isInstanceOf(AdiwException.class)
            .hasMessageContaining("fc1.weight").hasMessageContaining("[400, 120]").hasMessageContaining("[120, 400]");
        assertThat(parameters.get("conv1.weight").value().toFloats()).isEqualTo(whole.get("conv1.weight").values());

        Map<String, SafeTensors.Tensor> more = new LinkedHashMap<>(whole);
        more.put("fc4.weight", new SafeTensors.Tensor(new int[] {1}, new float[1]));
        assertThatThrownBy(() -> parameters.load(new SafeTensors(more, Map.of()))).isInstanceOf(AdiwException.class)
            .hasMessage("the tensor fc4.weight of the initial parameters is none of the model's");
    }

    @Test
    void theFileIsNamed(@TempDir Path folder) {
        Path file = folder.resolve("model.safetensors");
        Parameters parameters = LENET.parameters(device);
        Map<String, SafeTensors.Tensor> wrapped = new LinkedHashMap<>();
        parameters.save().tensors().forEach((name, tensor) -> wrapped.put("module." + name, tensor));
        new SafeTensors(wrapped, Map.of()).write(file);
        assertThatThrownBy(() -> parameters.load(file)).isInstanceOf(AdiwException.class)
            .hasMessage("the tensor conv1.weight [6, 1, 5, 5] is missing from " + file + ": all names there begin with module., as those"
                + " of a model in PyTorch's DataParallel do; save model.module's parameters instead");
        Model.parse("mlp:4", 1, 28, 28, 10).parameters(device).save().write(file);
        assertThatThrownBy(() -> parameters.load(file)).isInstanceOf(AdiwException.class)
            .hasMessage("the tensor conv1.weight [6, 1, 5, 5] is missing from " + file);
    }

    @Test
    void valuesThatCannotBeMeantAreRefused(@TempDir Path folder) {
        Path file = folder.resolve("model.safetensors");
        Parameters parameters = Model.parse("resnet20", 1, 8, 8, 2).parameters(device);
        parameters.initialize(1);
        Map<String, SafeTensors.Tensor> whole = parameters.save().tensors();
        refuses(parameters, file, whole, "bn1.bias", new float[16], 3, Float.NaN,
            " has NaN at value 3 (from 0) in float32, and finite numbers were expected");
        refuses(parameters, file, whole, "bn1.running_mean", new float[16], 0, Float.NEGATIVE_INFINITY,
            " has -Infinity at value 0 (from 0) in float32, and finite numbers were expected");
        refuses(parameters, file, whole, "layer1.0.bn2.running_var", new float[16], 15, -1e-3f,
            " has -0.001 at value 15 (from 0), and variances of at least 0 were expected");
        double[] large = new double[16];
        large[2] = 1e300;
        Map<String, SafeTensors.Tensor> doubles = new LinkedHashMap<>(whole);
        doubles.put("bn1.weight", new SafeTensors.Tensor(new int[] {16}, large));
        new SafeTensors(doubles, Map.of()).write(file);
        assertThatThrownBy(() -> parameters.load(file)).isInstanceOf(AdiwException.class)
            .hasMessage(
                "the tensor bn1.weight of " + file + " has Infinity at value 2 (from 0) in float32, and finite numbers were expected");
        Map<String, SafeTensors.Tensor> good = new LinkedHashMap<>(whole);
        good.put("bn1.running_mean", new SafeTensors.Tensor(new int[] {16}, filled(-1)));
        good.put("bn1.running_var", new SafeTensors.Tensor(new int[] {16}, filled(0)));
        parameters.load(new SafeTensors(good, Map.of()));
        assertThat(parameters.get("bn1.running_mean").value().toFloats()).containsOnly(-1);
    }

    private static float[] filled(float value) {
        float[] values = new float[16];
        Arrays.fill(values, value);
        return values;
    }

    private void refuses(Parameters parameters, Path file, Map<String, SafeTensors.Tensor> whole, String name, float[] values, int at,
                         float bad, String said) {
        values[at] = bad;
        Map<String, SafeTensors.Tensor> tensors = new LinkedHashMap<>(whole);
        tensors.put(name, new SafeTensors.Tensor(new int[] {values.length}, values));
        new SafeTensors(tensors, Map.of()).write(file);
        assertThatThrownBy(() -> parameters.load(file)).isInstanceOf(AdiwException.class)
            .hasMessage("the tensor " + name + " of " + file + said);
        assertThat(parameters.get(name).value().toFloats()).as("nothing has changed").isEqualTo(whole.get(name).values());
    }
}
