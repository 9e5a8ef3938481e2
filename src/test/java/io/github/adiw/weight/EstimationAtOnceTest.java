package io.github.adiw.weight;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.KernelParity;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Graph;
import io.github.adiw.device.StandInControl;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Small batches that a device estimates in one launch get what the launches of the host give them, visit after visit. */
class EstimationAtOnceTest {
    private static final int SAMPLES = 90;
    private static final int VALIDATION_SAMPLES = 60;

    /** A few visits of batches that overlap, a sample twice in one of them; everything that is remembered after each. */
    private static List<Object> visits(Device device, String method, EstimationSettings settings, int n, int m, float[]... batches) {
        List<Object> results = new ArrayList<>();
        try (WeightEstimator estimator = WeightEstimator.create(device, Divergences.get(method),
            new BatchShape(SAMPLES, VALIDATION_SAMPLES, n, m, 1), settings)) {
            for (int visit = 0; visit < batches.length; visit++) {
                int first = 7 * visit;
                int[] index = IntStream.range(0, n).map(i -> (first + i) % SAMPLES).toArray();
                int[] validationIndex = IntStream.range(0, m).map(j -> (first + 2 * j + 1) % VALIDATION_SAMPLES).toArray();
                index[n - 1] = index[0];
                validationIndex[m - 1] = validationIndex[m / 2];
                float[] z = new float[n];
                float[] zv = new float[m];
                System.arraycopy(batches[visit], 0, z, 0, n);
                System.arraycopy(batches[visit], n, zv, 0, m);
                Buffer training = device.floats(z);
                Buffer validation = device.floats(zv);
                Buffer rows = device.ints(index);
                Buffer validationRows = device.ints(validationIndex);
                if (device.prefersFewLaunches()) {
                    Graph estimation = device.record(() -> estimator.estimate(rows, validationRows, training, validation));
                    assertThat(estimation.nodes()).as("launches of %s", method).isEqualTo(1);
                    estimation.replay();
                } else {
                    estimator.estimate(rows, validationRows, training, validation);
                }
                results.add(estimator.weights().toFloats());
                results.add(estimator.memory().toFloats());
                results.add(estimator.state().toFloats());
                String problem = estimator.problem();
                results.add(new int[] {problem == null ? 0 : 1});
                if (problem == null) {
                    Quality quality = estimator.quality(training, validation);
                    results.add(new double[] {quality.gamma()});
                    results.add(new double[] {1, quality.objective()});      // which is 0 where the batches are equal
                }
            }
        }
        return results;
    }

    private static float[] batch(int size, long seed) {
        Random random = new Random(seed);
        float[] x = new float[size];
        for (int i = 0; i < size; i++) {
            x[i] = (float) Math.exp(random.nextGaussian());
        }
        return x;
    }

    private static float[] constant(int size) {
        return new float[size];
    }

    private static float[] with(float[] batch, int place, float value) {
        float[] changed = batch.clone();
        changed[place] = value;
        return changed;
    }

    private static EstimationSettings.Builder settings(String bandwidth) {
        return EstimationSettings.builder().bandwidth(Bandwidth.parse(bandwidth));
    }

    @ParameterizedTest
    @CsvSource({"km, median, 37, 23", "km, diw:0.01, 64, 80", "km, gamma:0.7, 5, 3", "kl, median, 37, 23", "kl, diw:0.1, 60, 58",
        "ls, median, 37, 23", "ls, gamma:0.7, 21, 33", "kl-direct, diw:0.01, 37, 23", "kl-direct, median, 21, 33",
        "ls-direct, median, 37, 23", "w1, median, 37, 23", "w1, median, 21, 50"})
    void isWhatTheLaunchesGive(String method, String bandwidth, int n, int m) {
        KernelParity.check(2e-4, device -> visits(device, method, settings(bandwidth).build(), n, m, batch(n + m, 1), batch(n + m, 2),
            batch(n + m, 3)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"km", "kl", "ls", "kl-direct", "ls-direct", "w1"})
    void alsoWhereBoundsOrMomentumHaveAPart(String method) {
        int n = 40;
        int m = 9;
        KernelParity.check(2e-4,
            device -> visits(device, method, settings("diw:0.3").upperBound(1.2f).momentum(0.5f).steps(3).build(), n, m,
                batch(n + m, 4), batch(n + m, 5)));
    }

    /** Steps that are longer than the curvature allows, on fewer rows than a block has threads. */
    @Test
    void alsoWhereStepsAreTooLong() {
        int n = 40;
        int m = 30;
        for (float eta : new float[] {1.5f, 2}) {
            KernelParity.check(2e-4,
                device -> visits(device, "km", settings("diw:0.3").eta(eta).momentum(0.4f).ridge(1f).steps(6).build(), n, m,
                    batch(n + m, 7), batch(n + m, 8)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"km", "kl", "ls", "kl-direct", "ls-direct", "w1"})
    void alsoWhereABatchCannotBeEstimated(String method) {
        int n = 33;
        int m = 20;
        float[] usual = batch(n + m, 6);
        KernelParity.check(2e-4, device -> visits(device, method, settings("median").build(), n, m, usual, constant(n + m),
            with(usual, 3, Float.NaN), with(usual, n + 2, Float.POSITIVE_INFINITY), with(usual, 4, 3e38f), usual));
    }

    /** On a GPU that has clusters, which the stand-in driver can pretend to be. */
    @Test
    void alsoByClusters() {
        StandInControl.withClusters(() -> {
            isWhatTheLaunchesGive("km", "median", 37, 23);
            isWhatTheLaunchesGive("km", "diw:0.01", 64, 80);
            alsoWhereBoundsOrMomentumHaveAPart("km");
            alsoWhereStepsAreTooLong();
            alsoWhereABatchCannotBeEstimated("km");
            isWhatTheLaunchesGive("kl", "median", 37, 23);
            isWhatTheLaunchesGive("kl", "diw:0.1", 21, 33);
            alsoWhereABatchCannotBeEstimated("kl");
        });
    }
}
