/**
 * Networks, and what trains them, on a {@link io.github.adiw.device.Device}.
 *
 * <p>A {@link io.github.adiw.nn.Model} says what a network is; {@link io.github.adiw.nn.Parameters} hold its values once, and each
 * {@link io.github.adiw.nn.ModelInstance} runs it over a fixed number of rows: forward over a training and a validation batch, backward
 * over the training batch alone. {@link io.github.adiw.nn.SoftmaxCrossEntropy} gives one loss a row and the gradient of their weighted
 * sum, which is where importance weights enter; an {@link io.github.adiw.nn.Optimizer} takes a step, at the rate that a
 * {@link io.github.adiw.nn.LearningRateSchedule} says.
 *
 * <p>Memory is allocated when an object is made. Everything after that is launches, so that a step can be recorded as a graph, and what a
 * run must have to go on is a map of names to buffers ({@code state()}).
 *
 * <pre>{@code
 * Model model = Model.parse("lenet", 1, 28, 28, 10);
 * Parameters parameters = model.parameters(device);
 * parameters.initialize(seed);
 * ModelInstance instance = model.instance(device, parameters, 256, 256, Precision.FP32);
 * loss.forward(instance.forward(images), labels);
 * instance.backward(loss.backward(labels, weights, 1f / 256));
 * optimizer.update();
 * }</pre>
 */
package io.github.adiw.nn;
