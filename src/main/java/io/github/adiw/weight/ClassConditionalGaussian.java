package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;

/** Estimation inside classes that needs the Gaussian kernel between all samples of a class. */
abstract class ClassConditionalGaussian extends ClassConditionalStepped {
    private final Buffer trainingSums, validationSums;

    ClassConditionalGaussian(Device device, EstimatorOptions options, Buffer labels, Buffer validationLabels, int classes,
                             boolean stateOfValidation) {
        super(device, options, labels, validationLabels, classes, stateOfValidation);
        trainingSums = floats(n + m);
        validationSums = floats(n + m);
    }

    final Buffer floats(long length) {
        return keep(ElementType.FLOAT32, length);
    }

    @Override
    final boolean everyDistance() {
        return true;
    }

    @Override
    void begin(boolean converge) {
        device.launch("class_gaussian", Launch.rows(n + m), distances, sorted, table, gamma, status, trainingSums, validationSums, n, m);
    }

    /** sum_j k(z_i, z'_j) for the sorted training rows, float32 {@code [n]}. */
    final Buffer basisSums() {
        return validationSums.slice(0, n);
    }

    /** sum_i k(z'_j, z_i) for the sorted validation rows, float32 {@code [m]}. */
    final Buffer transposeSums() {
        return trainingSums.slice(n, m);
    }

    /** sum_l k(z'_j, z'_l) for the sorted validation rows, float32 {@code [m]}. */
    final Buffer topSums() {
        return validationSums.slice(n, m);
    }

    /** Enqueues out = A v, A = k(z, z'); v {@code [m]}, out {@code [n]}. */
    final void basis(Buffer v, Buffer out) {
        product(v, out, 0, n, 1, 0);
    }

    /** Enqueues out = A'v or, if {@code inverse}, 1 / max(A'v, 1e-30); v {@code [n]}, out {@code [m]}. */
    final void transpose(Buffer v, Buffer out, boolean inverse) {
        product(v, out, n, m, 0, inverse ? 1 : 0);
    }

    /** Enqueues out = T v, T = k(z', z'), or, if {@code inverse}, 1 / max(T v, 1e-30); v, out {@code [m]}. */
    final void top(Buffer v, Buffer out, boolean inverse) {
        product(v, out, n, m, 1, inverse ? 1 : 0);
    }

    private void product(Buffer v, Buffer out, int first, int count, int ofValidation, int inverse) {
        device.launch("class_product", Launch.rows(count), distances, sorted, table, v, out, first, n, m, ofValidation, inverse);
    }

    /** Classes of the sorted validation rows. */
    final Buffer validationSorted() {
        return sorted.slice(n, m);
    }

    /** Enqueues found = A alpha, between 0 and B. */
    final void model(Buffer alpha, Buffer found) {
        basis(alpha, found);
        device.launch("class_model_weights", Launch.elements(n), sorted, status, found, n, options.upperBound());
    }
}
