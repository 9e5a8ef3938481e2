/**
 * The ratio of two densities from two samples, once: weights that make training data look like validation data, right without any option.
 * {@link io.github.adiw.ratio.DensityRatio} is where to begin. For weights inside a training loop see {@link io.github.adiw.weight}.
 */
package io.github.adiw.ratio;
