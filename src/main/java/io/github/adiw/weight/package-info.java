/**
 * Importance weights: how much each training sample counts if the training data are to stand for validation data.
 *
 * <p>{@link io.github.adiw.weight.ImportanceWeights} gives weights to a training loop, batch by batch;
 * {@link io.github.adiw.weight.EstimatedWeights} to two given samples by the same steps (to have everything chosen by the data, take
 * {@link io.github.adiw.ratio.DensityRatio}). What is compared how is a
 * {@link io.github.adiw.weight.Divergence}, found by name through {@link io.github.adiw.weight.Divergences}; how it is done,
 * {@link io.github.adiw.weight.EstimationSettings}. One of your own is a {@code Divergence} whose
 * {@link io.github.adiw.weight.Minimizer} works on a {@link io.github.adiw.weight.SegmentedBatch}.
 * {@link io.github.adiw.weight.Projection} is of use by itself.
 */
package io.github.adiw.weight;
