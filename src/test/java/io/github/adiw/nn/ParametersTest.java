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
            .hasMessageContaining("fc2.bias").hasMessageContaining("[84]").hasMessageContaining("missing");

        Map<String, SafeTensors.Tensor> turned = new LinkedHashMap<>(whole);
        turned.put("conv1.weight", new SafeTensors.Tensor(whole.get("conv1.weight").shape(), new float[150]));
        turned.put("fc1.weight", new SafeTensors.Tensor(new int[] {400, 120}, new float[48_000]));
        assertThatThrownBy(() -> parameters.load(new SafeTensors(turned, Map.of()))).isInstanceOf(AdiwException.class)
            .hasMessageContaining("fc1.weight").hasMessageContaining("[400, 120]").hasMessageContaining("[120, 400]");
        assertThat(parameters.get("conv1.weight").value().toFloats()).isEqualTo(whole.get("conv1.weight").values());

        Map<String, SafeTensors.Tensor> more = new LinkedHashMap<>(whole);
        more.put("fc4.weight", new SafeTensors.Tensor(new int[] {1}, new float[1]));
        assertThatThrownBy(() -> parameters.load(new SafeTensors(more, Map.of()))).isInstanceOf(AdiwException.class)
            .hasMessageContaining("fc4.weight");
    }
}
