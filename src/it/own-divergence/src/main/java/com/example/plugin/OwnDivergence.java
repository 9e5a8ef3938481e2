package com.example.plugin;

import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.weight.ImportanceWeights;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

/** Weights by {@link MeanMatching}, of a whole batch and inside its classes, on the processor and over the stand-in driver. */
public final class OwnDivergence {
    private static final int SAMPLES = 60;
    private static final int[] LABELS = IntStream.range(0, SAMPLES).map(i -> i % 2).toArray();

    private OwnDivergence() {}

    /** Prints what the weighted means are and should be, and fails if they are not. */
    public static void main(String[] args) {
        Random random = new Random(3);
        float[] training = new float[SAMPLES];
        float[] validation = new float[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            training[i] = (float) random.nextGaussian();
            validation[i] = (float) random.nextGaussian() + 0.4f;
        }
        for (String name : new String[] {"host", "simt"}) {
            try (Device device = Devices.open(name)) {
                compare(name + ", whole batch", weights(device, training, validation, false), training, validation, new int[SAMPLES], 0);
                float[] inside = weights(device, training, validation, true);
                for (int c = 0; c < 2; c++) {
                    compare(name + ", class " + c, inside, training, validation, LABELS, c);
                }
            }
        }
    }

    private static float[] weights(Device device, float[] training, float[] validation, boolean insideClasses) {
        ImportanceWeights.Builder builder = ImportanceWeights.builder(device, SAMPLES).batch(SAMPLES).validationBatch(SAMPLES).dimension(1)
            .method("mean");
        if (insideClasses) {
            builder.labels(LABELS, LABELS);
        }
        try (ImportanceWeights estimator = builder.build()) {
            float[] weights = null;
            for (int visit = 0; visit < 30; visit++) {
                weights = estimator.update(IntStream.range(0, SAMPLES).toArray(), training, validation);
            }
            return weights;
        }
    }

    private static void compare(String what, float[] weights, float[] training, float[] validation, int[] labels, int label) {
        int[] rows = IntStream.range(0, SAMPLES).filter(i -> labels[i] == label).toArray();
        double mass = Arrays.stream(rows).mapToDouble(i -> weights[i]).sum();
        double mean = Arrays.stream(rows).mapToDouble(i -> weights[i] * training[i]).sum() / mass;
        double target = Arrays.stream(rows).mapToDouble(i -> validation[i]).average().orElseThrow();
        System.out.printf("%s: weighted mean %.3f, the world's %.3f%n", what, mean, target);
        if (!(Math.abs(mean - target) < 0.02)) {
            throw new IllegalStateException("the weighted mean must be the world's");
        }
    }
}
