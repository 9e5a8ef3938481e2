// Softmax cross-entropy of one row, for loss.cu and for kernels that go on from the logits that they have made.
#pragma once
#include "prelude.cuh"

/// Of the weighted loss of a row by one of its logits: its probability, and whether it is the label's.
DEVICE float logit_gradient(float p, bool of_label, float weight) { return weight * (p - (of_label ? 1.0f : 0.0f)); }

/// Loss of a row; the softmax goes to p unless that is null.
DEVICE float row_loss(const float* RESTRICT l, int label, int classes, float* RESTRICT p, int* RESTRICT correct) {
    float most = l[0];
    int best = 0;
    for (int c = 1; c < classes; c++)
        if (l[c] > most) {
            most = l[c];
            best = c;
        }
    float sum = 0;
    if (p) {
        for (int c = 0; c < classes; c++) {
            float e = expf(l[c] - most);
            p[c] = e;
            sum += e;
        }
        float inverse = 1 / sum;
        for (int c = 0; c < classes; c++) p[c] *= inverse;
    } else {
        for (int c = 0; c < classes; c++) sum += expf(l[c] - most);
    }
    *correct = best == label;
    return label >= 0 && label < classes ? logf(sum) - (l[label] - most) : NAN;
}

/// The same for row i, and the gradient of its logits, scale w_i (p - [c = label]), if i < trained.
DEVICE float row_loss_and_gradient(const float* RESTRICT l, int label, int classes, long i, const float* RESTRICT weights, float scale,
                                   float* RESTRICT dlogits, int trained, int* RESTRICT correct) {
    float* dl = i < trained ? dlogits + i * classes : (float*) 0;
    float loss = row_loss(l, label, classes, dl, correct);
    if (dl) {
        float factor = scale * weights[i];
        for (int c = 0; c < classes; c++) dl[c] = logit_gradient(dl[c], c == label, factor);
    }
    return loss;
}
