/**
 * Ratios of densities for pipelines of Spark ML: {@link io.github.adiw.spark.DensityRatioEstimator} fits, its
 * {@link io.github.adiw.spark.DensityRatioModel} adds the column of weights.
 */
package io.github.adiw.spark;
