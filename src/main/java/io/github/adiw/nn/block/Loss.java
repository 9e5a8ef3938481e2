package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;

/**
 * Softmax cross-entropy of a network's output, and where it goes.
 *
 * @param labels        int32 {@code [rows]}
 * @param weights       of the rows that are trained on, float32 {@code [trained]}; null if they are not known yet
 * @param scale         of the gradient
 * @param losses        float32 {@code [rows]}
 * @param correct       int32 {@code [rows]}
 * @param probabilities float32 {@code [rows, classes]}, which is made where the weights are not known
 * @param gradient      of the output, float32 {@code [trained, classes]}, which is made where they are, or in the backward pass
 */
public record Loss(Buffer labels, Buffer weights, float scale, Buffer losses, Buffer correct, Buffer probabilities, Buffer gradient) {}
