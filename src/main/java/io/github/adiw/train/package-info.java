/**
 * Training with importance weights that are estimated in every step.
 *
 * <p>A {@link io.github.adiw.train.Trainer} trains a network on a {@link io.github.adiw.data.Dataset} as
 * {@link io.github.adiw.train.TrainingOptions} say, and gives a {@link io.github.adiw.train.TrainingResult}; a
 * {@link io.github.adiw.train.TrainingListener} hears how it goes on. The methods are dynamic importance weighting (DIW), its accelerated
 * form with every divergence of {@link io.github.adiw.weight.Divergences} (ADIW), and what they are compared with: no weights, random ones,
 * static importance weighting, learning to reweight.
 *
 * <p>A step is drawing a batch, the forward pass, the weights, the backward pass and the update: recorded once on the device, and replayed.
 * Nothing is copied back before an epoch ends. {@link io.github.adiw.train.Trainer#state} names every buffer that a run must have to go on.
 *
 * <p>Who has a training loop of their own wants {@link io.github.adiw.weight.ImportanceWeights} instead.
 */
package io.github.adiw.train;
