/**
 * What every other package throws: {@link io.github.adiw.UsageException} where something impossible is asked for, which the caller can
 * mend, and {@link io.github.adiw.AdiwException} where something possible fails. Either says in one sentence what was wrong, what was
 * expected and what to do.
 *
 * <p>Where to begin: {@link io.github.adiw.ratio.DensityRatio} gives weights of two samples, once;
 * {@link io.github.adiw.weight.ImportanceWeights} gives weights to a training loop of your own, and {@link io.github.adiw.train.Trainer}
 * trains a network with them; all on a {@link io.github.adiw.device.Device}.
 */
package io.github.adiw;
