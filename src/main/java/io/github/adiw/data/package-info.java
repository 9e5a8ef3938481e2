/**
 * Data to train on: data sets, what a run uses of them, and how the training distribution is made to differ from the world.
 *
 * <p>A {@link io.github.adiw.data.Dataset} is two {@link io.github.adiw.data.SampleSet}s, training and test, of images
 * ({@link io.github.adiw.data.ImageSet}) or rows of a table ({@link io.github.adiw.data.TableSet});
 * {@link io.github.adiw.data.Datasets} opens those that have a name. A {@link io.github.adiw.data.TrainingSplit} draws the training samples
 * and the clean validation samples among them, and applies a {@link io.github.adiw.data.Shift}: wrong labels, rare classes, altered images.
 * On a device the samples are a {@link io.github.adiw.data.SampleSource}, from which batches are gathered, in training perhaps with an
 * {@link io.github.adiw.data.Augmentation}.
 *
 * <p>{@link io.github.adiw.data.SafeTensors} holds a model's parameters as PyTorch names them.
 */
package io.github.adiw.data;
