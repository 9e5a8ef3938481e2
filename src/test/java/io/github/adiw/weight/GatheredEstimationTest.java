package io.github.adiw.weight;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.device.Scope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * One estimation by several workers, as docs/scale.md has it: each computes the losses of its own samples and alone remembers their
 * weights; both are gathered, each worker estimates the whole batch, and keeps what belongs to its own samples.
 */
class GatheredEstimationTest {
    private static final int SAMPLES = 90;
    private static final int VALIDATION = 50;
    private static final int N = 24;
    private static final int M = 20;
    private static final int BATCHES = 6;

    /** A worker: what it remembers of the samples whose number is its rank, modulo the number of workers. */
    private static final class Worker {
        final int rank;
        final int workers;
        final ImportanceWeights batch;
        /** By owned sample: the last weight and, where that is another number, what the next visit starts from. */
        final float[][] remembered;
        /** What belongs to no training sample, but to the validation samples: the same for every worker. */
        float[] common;

        Worker(Scope scope, int rank, int workers, String method, EstimationSettings settings) {
            this.rank = rank;
            this.workers = workers;
            Device device = scope.keep(Devices.open(DeviceMatrix.name(), 1 + rank % 2));
            batch = scope.keep(ImportanceWeights.builder(device, N).batch(N).validationBatch(M).validationSamples(VALIDATION)
                .method(method).settings(settings).build());
            float[] fresh = batch.state();
            boolean ofValidation = Divergences.get(method).stateIsOfValidation();
            remembered = new float[(SAMPLES - rank + workers - 1) / workers][];
            Arrays.setAll(remembered, i -> ofValidation || fresh.length == N ? new float[] {fresh[0]} : new float[] {fresh[0], fresh[N]});
            common = ofValidation ? Arrays.copyOfRange(fresh, N, fresh.length) : new float[0];
        }

        boolean owns(int sample) {
            return sample % workers == rank;
        }

        /** The batch's own rows of what the losses are said to be: a worker sees no other's. */
        float[][] contribution(int[] samples, float[] losses) {
            return IntStream.range(0, N).filter(i -> owns(samples[i]))
                .mapToObj(i -> {
                    float[] known = remembered[samples[i] / workers];
                    float[] row = new float[2 + known.length];
                    row[0] = i;
                    row[1] = losses[i];
                    System.arraycopy(known, 0, row, 2, known.length);
                    return row;
                }).toArray(float[][]::new);
        }

        /** Estimates the batch from what all have sent; gives the weights of all its rows. */
        float[] estimate(List<float[][]> gathered, int[] samples, int[] validationSamples, float[] validation) {
            float[] losses = new float[N];
            int numbers = remembered[0].length;
            float[] state = new float[N * numbers + common.length];
            for (float[][] rows : gathered) {
                for (float[] row : rows) {
                    int i = (int) row[0];
                    losses[i] = row[1];
                    for (int k = 0; k < numbers; k++) {
                        state[k * N + i] = row[2 + k];
                    }
                }
            }
            System.arraycopy(common, 0, state, N * numbers, common.length);
            batch.restore(state);
            float[] weights = batch.update(IntStream.range(0, N).toArray(), validationSamples, losses, validation);
            float[] next = batch.state();
            for (int i = 0; i < N; i++) {
                for (int k = 0; k < numbers && owns(samples[i]); k++) {
                    remembered[samples[i] / workers][k] = next[k * N + i];
                }
            }
            common = Arrays.copyOfRange(next, N * numbers, next.length);
            return weights;
        }
    }

    private static float[] losses(int count, double scale, Random random) {
        float[] z = new float[count];
        for (int i = 0; i < count; i++) {
            z[i] = (float) (scale * Math.abs(random.nextGaussian()));
        }
        return z;
    }

    private static int[] distinct(int count, int of, Random random) {
        return IntStream.generate(() -> random.nextInt(of)).distinct().limit(count).toArray();
    }

    /** Bit by bit, over batches whose samples come again, for owners of unequal shares and threads of unequal numbers. */
    @ParameterizedTest
    @CsvSource({"km, false", "km, true", "kl, false", "kl, true", "ls, false", "w1, false", "w1, true", "kl-direct, false",
        "ls-direct, false", "diw, false", "kmm-exact, false"})
    void isThatOfOneWorkerOnTheSameBatch(String method, boolean normalize) {
        EstimationSettings settings = EstimationSettings.builder().normalize(normalize).build();
        for (int workers : DeviceMatrix.slow() ? new int[] {3} : new int[] {1, 2, 3, 8}) {
            Random random = new Random(workers);
            try (Scope scope = Scope.open()) {
                ImportanceWeights one = scope.keep(ImportanceWeights.builder(scope.keep(DeviceMatrix.open()), SAMPLES).batch(N)
                    .validationBatch(M).validationSamples(VALIDATION).method(method).settings(settings).build());
                List<Worker> all = new ArrayList<>();
                for (int rank = 0; rank < workers; rank++) {
                    all.add(new Worker(scope, rank, workers, method, settings));
                }
                for (int b = 0; b < BATCHES; b++) {
                    int[] samples = distinct(N, SAMPLES, random);
                    int[] validationSamples = distinct(M, VALIDATION, random);
                    float[] z = losses(N, 1.5, random);
                    float[] validation = losses(M, 1, random);
                    float[] expected = one.update(samples, validationSamples, z, validation);
                    List<float[][]> gathered = all.stream().map(worker -> worker.contribution(samples, z)).toList();
                    for (Worker worker : all) {
                        assertThat(worker.estimate(gathered, samples, validationSamples, validation)).containsExactly(expected);
                    }
                }
                float[] memory = one.memory();
                assertThat(memory).doesNotContain(Float.NaN);
                assertThat(IntStream.range(0, SAMPLES).mapToObj(i -> memory[i]).distinct().count()).isGreaterThan(SAMPLES / 2);
                for (int i = 0; i < SAMPLES; i++) {
                    assertThat(all.get(i % workers).remembered[i / workers][0]).as("sample %d", i).isEqualTo(memory[i]);
                }
            }
        }
    }
}
