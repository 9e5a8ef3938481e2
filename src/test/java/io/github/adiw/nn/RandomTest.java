package io.github.adiw.nn;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The generator against its published vectors, the shuffles, and the initial values. */
class RandomTest {
    private Device device;

    @BeforeEach
    void open() {
        device = DeviceMatrix.open();
    }

    @AfterEach
    void close() {
        device.close();
    }

    private int[] philox(int[] counter, int[] key) {
        try (Buffer out = device.ints(new int[4]); Buffer c = device.ints(counter); Buffer k = device.ints(key)) {
            device.launch("philox_words", Launch.elements(4), out, 4, c, k);
            return out.toInts();
        }
    }

    /** The known answers that Random123 publishes for philox4x32-10. */
    @Test
    void philoxGivesItsKnownAnswers() {
        assertThat(philox(new int[] {0, 0, 0, 0}, new int[] {0, 0})).containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
        assertThat(philox(new int[] {-1, -1, -1, -1}, new int[] {-1, -1})).containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
        assertThat(philox(new int[] {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, new int[] {0xa4093822, 0x299f31d0}))
            .containsExactly(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
    }

    /** All training indices of an epoch. */
    private int[] epoch(int n, int batch, long epoch, long seed) {
        int steps = n / batch;
        int[] all = new int[steps * batch];
        try (Buffer index = device.ints(new int[batch]); Buffer step = device.allocate(ElementType.INT64, 1)) {
            for (int s = 0; s < steps; s++) {
                step.upload(new long[] {epoch * steps + s});
                device.launch("draw_training", Launch.elements(batch), index, step, n, batch, steps, seed);
                System.arraycopy(index.toInts(), 0, all, s * batch, batch);
            }
        }
        return all;
    }

    @Test
    void anEpochTakesEverySampleOnce() {
        for (int n : new int[] {1, 2, 3, 7, 64, 65, 1000, 4097}) {
            int[] sorted = epoch(n, 1, 3, 11).clone();
            Arrays.sort(sorted);
            for (int i = 0; i < n; i++) {
                assertThat(sorted[i]).as("n = %d", n).isEqualTo(i);
            }
        }
        int[] first = epoch(1000, 250, 0, 1);
        assertThat(first).isNotEqualTo(epoch(1000, 250, 1, 1)).isNotEqualTo(epoch(1000, 250, 0, 2)).isEqualTo(epoch(1000, 250, 0, 1));
    }

    /** Over many epochs each sample comes to each position about as often: chi-square with (n - 1)^2 degrees of freedom. */
    @Test
    void shufflesAreUniform() {
        int n = 11;
        int epochs = DeviceMatrix.slow() ? 1500 : 6000;
        int[][] counts = new int[n][n];
        for (int e = 0; e < epochs; e++) {
            int[] order = epoch(n, n, e, 5);
            for (int i = 0; i < n; i++) {
                counts[i][order[i]]++;
            }
        }
        double expected = (double) epochs / n;
        double statistic = 0;
        for (int[] row : counts) {
            for (int count : row) {
                statistic += (count - expected) * (count - expected) / expected;
            }
        }
        double degrees = (n - 1.0) * (n - 1);
        assertThat(statistic).as("within five standard deviations").isBetween(degrees - 5 * Math.sqrt(2 * degrees), degrees + 5 * Math.sqrt(2 * degrees));
    }

    @Test
    void aValidationBatchHasNoSampleTwice() {
        int[] rows = new int[100];
        for (int i = 0; i < 100; i++) {
            rows[i] = 1000 + 3 * i;
        }
        int[] before = null;
        try (Buffer index = device.ints(new int[60]); Buffer all = device.ints(rows); Buffer step = device.allocate(ElementType.INT64, 1)) {
            for (long s = 0; s < 5; s++) {
                step.upload(new long[] {s});
                device.launch("draw_validation", Launch.elements(60), index, all, step, 100, 60, 7L);
                int[] drawn = index.toInts();
                assertThat(Arrays.stream(drawn).distinct().count()).isEqualTo(60);
                assertThat(drawn).isNotEqualTo(before);
                for (int row : drawn) {
                    assertThat(row % 3).isEqualTo(1000 % 3);
                    assertThat(row).isBetween(1000, 1297);
                }
                before = drawn;
            }
        }
    }

    @Test
    void initialValuesAreUniformAsPyTorchs() {
        try (Parameters parameters = Model.parse("lenet", 1, 28, 28, 10).parameters(device)) {
            parameters.initialize(3);
            for (Parameter p : parameters.list()) {
                double bound = 1 / Math.sqrt(p.fanIn());
                float[] values = p.value().toFloats();
                double sum = 0;
                double squares = 0;
                for (float v : values) {
                    assertThat((double) v).isBetween(-bound, bound);
                    sum += v;
                    squares += v * v;
                }
                if (values.length > 1000) {
                    double deviation = bound / Math.sqrt(3);
                    assertThat(sum / values.length).isBetween(-5 * deviation / Math.sqrt(values.length), 5 * deviation / Math.sqrt(values.length));
                    assertThat(Math.sqrt(squares / values.length)).isBetween(0.95 * deviation, 1.05 * deviation);
                }
            }
            assertThat(parameters.list().stream().map(Parameter::name)).containsExactly("conv1.weight", "conv1.bias", "conv2.weight",
                "conv2.bias", "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias");
            assertThat(parameters.list().stream().mapToInt(Parameter::size).sum()).isEqualTo(61_706);
        }
    }
}
