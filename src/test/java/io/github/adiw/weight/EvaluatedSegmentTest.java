package io.github.adiw.weight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class EvaluatedSegmentTest {
    private static void refused(String message, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(UsageException.class).hasMessageContaining(message);
    }

    @Test
    void refusesArraysAndBuffersOfAnotherLength() {
        EstimationSettings settings = EstimationSettings.builder().bandwidth("gamma:1").eta(1f).build();
        try (Device device = DeviceMatrix.open(); Buffer indices = device.ints(0, 1, 2); Buffer validationIndices = device.ints(0, 1);
             Buffer z = device.floats(1, 2, 3); Buffer validation = device.floats(4, 5); Buffer pairs = device.floats(1, 2, 3, 4, 5, 6);
             SegmentedBatch batch = SegmentedBatch.create(device, new BatchShape(3, 2, 3, 2, 1), settings, null)) {
            batch.set(indices, validationIndices, z, validation);
            EvaluatedSegment segment = new EvaluatedSegment(batch, 0, batch.segments().table().toInts());
            double[] n = new double[3];
            double[] m = new double[2];
            assertThat(segment.amongTraining(n)).containsExactly(0, 0, 0);
            assertThat(segment.ofTraining(pairs).length()).isEqualTo(6);
            assertThat(segment.ofValidation(pairs).length()).isEqualTo(6);
            refused("v must have 3 numbers, not 2", () -> segment.amongTraining(m));
            refused("v must have 2 numbers, not 3", () -> segment.amongValidation(n));
            refused("v must have 2 numbers, not 3", () -> segment.atTraining(n));
            refused("v must have 3 numbers, not 2", () -> segment.atValidation(m));
            refused("v must be given", () -> segment.atValidation(null));
            refused("w must have 3 numbers, not 2", () -> segment.residualOfWeights(m, n, 1));
            refused("gradient must have 3 numbers, not 2", () -> segment.residualOfWeights(n, m, 1));
            refused("the batch's 3 rows, not 2", () -> segment.ofTraining(validation));
            refused("the batch's 2 rows, not 3", () -> segment.ofValidation(z));
            refused("all must be given", () -> segment.ofTraining(null));
            refused("floats must be given", () -> EvaluatedSegment.doubles(null));
        }
    }
}
