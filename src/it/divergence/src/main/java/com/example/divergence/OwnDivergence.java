package com.example.divergence;

import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.weight.EstimationSettings;
import io.github.adiw.weight.ImportanceWeights;
import java.util.Random;
import java.util.stream.IntStream;

/** Weights by the divergence {@code mean}, which makes the weighted mean of the training data that of the validation data. */
public final class OwnDivergence {
    private static final int SAMPLES = 200;

    private OwnDivergence() { }

    /** Prints the means, of all samples and of each of two classes, and fails if they do not agree. */
    public static void main(String[] args) {
        Random random = new Random(1);
        int[] labels = IntStream.range(0, SAMPLES).map(i -> i % 2).toArray();
        float[] training = new float[SAMPLES];
        float[] validation = new float[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            training[i] = (float) random.nextGaussian() + labels[i];
            validation[i] = (float) random.nextGaussian() + labels[i] + 0.4f;
        }
        compare("all", weights(training, validation, null), training, validation, new int[SAMPLES], 0);
        float[] inside = weights(training, validation, labels);
        for (int c = 0; c < 2; c++) {
            compare("class " + c, inside, training, validation, labels, c);
        }
    }

    private static float[] weights(float[] training, float[] validation, int[] labels) {
        try (Device device = Devices.open("auto")) {
            ImportanceWeights.Builder builder = ImportanceWeights.builder(device, SAMPLES).batch(SAMPLES).validationBatch(SAMPLES).dimension(1)
                    .method("mean").settings(EstimationSettings.builder().steps(500).build());
            try (ImportanceWeights weights = labels == null ? builder.build() : builder.labels(labels, labels).build()) {
                return weights.update(IntStream.range(0, SAMPLES).toArray(), training, validation);
            }
        }
    }

    private static void compare(String what, float[] w, float[] training, float[] validation, int[] labels, int label) {
        double sum = 0;
        double weighted = 0;
        double mean = 0;
        int count = 0;
        for (int i = 0; i < SAMPLES; i++) {
            if (labels[i] == label) {
                sum += w[i];
                weighted += w[i] * training[i];
                mean += validation[i];
                count++;
            }
        }
        System.out.printf("%s: weighted mean %.3f, of the validation data %.3f%n", what, weighted / sum, mean / count);
        if (!(Math.abs(weighted / sum - mean / count) < 0.02)) {
            throw new IllegalStateException("the means of " + what + " must agree");
        }
    }
}
