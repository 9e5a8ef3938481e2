package com.example.embedder;

import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.weight.ImportanceWeights;
import java.util.Random;
import java.util.stream.IntStream;

/** Training samples lie around 0, and the world around 1: the training samples on the world's side must get the greater weights. */
public final class Embedder {
    private Embedder() {}

    /** Prints the mean weight on either side, and fails if they are the wrong way round. */
    public static void main(String[] args) {
        int samples = 200;
        Random random = new Random(1);
        float[] training = new float[samples];
        float[] validation = new float[samples];
        for (int i = 0; i < samples; i++) {
            training[i] = (float) random.nextGaussian();
            validation[i] = (float) random.nextGaussian() + 1;
        }
        float[] weights;
        try (Device device = Devices.open("auto");
             ImportanceWeights estimator = ImportanceWeights.builder(device, samples).batch(samples).validationBatch(samples).dimension(1)
                 .method("kl").build()) {
            System.out.println(device.description());
            weights = estimator.update(IntStream.range(0, samples).toArray(), training, validation);
        }
        double near = IntStream.range(0, samples).filter(i -> training[i] > 0.5).mapToDouble(i -> weights[i]).average().orElseThrow();
        double far = IntStream.range(0, samples).filter(i -> training[i] <= 0.5).mapToDouble(i -> weights[i]).average().orElseThrow();
        System.out.printf("mean weight near the world %.2f, far from it %.2f%n", near, far);
        if (!(near > 1 && 1 > far)) {
            throw new IllegalStateException("samples near the world must weigh more than 1, the others less");
        }
    }
}
