// Softmax cross-entropy with one loss a sample, and its weighted gradient.
//
// cross_entropy_forward   p_ic = exp(l_ic - max_c l_ic) / sum_c exp(l_ic - max_c l_ic),  loss_i = -log p_i,y_i,
//                         correct_i = 1 if the first largest l_ic is that of y_i; l, p [rows, classes]; NaN where y_i is no class
//                         8 rows classes bytes, rows classes exponentials
// cross_entropy           loss and correct as above, and the gradient as below of the first `trained` rows: for weights that are known
//                         before the losses
// cross_entropy_backward  dl_ic = scale w_i (p_ic - [c = y_i]): the gradient of scale sum_i w_i loss_i
#include "loss.cuh"

KERNEL(cross_entropy_forward, const float* RESTRICT logits, const int* RESTRICT labels, float* RESTRICT loss, int* RESTRICT correct,
       float* RESTRICT p, int rows, int classes) {
    FOR_ELEMENTS(i, rows) loss[i] = row_loss(logits + i * classes, labels[i], classes, p + i * classes, correct + i);
}

KERNEL(cross_entropy, const float* RESTRICT logits, const int* RESTRICT labels, const float* RESTRICT weights, float* RESTRICT loss,
       int* RESTRICT correct, float* RESTRICT dlogits, int rows, int trained, int classes, float scale) {
    FOR_ELEMENTS(i, rows)
        loss[i] = row_loss_and_gradient(logits + i * classes, labels[i], classes, i, weights, scale, dlogits, trained, correct + i);
}

KERNEL(cross_entropy_backward, const float* RESTRICT p, const int* RESTRICT labels, const float* RESTRICT weights, float* RESTRICT dlogits,
       int rows, int classes, float scale) {
    FOR_ELEMENTS(k, (long) rows * classes) {
        int i = (int) (k / classes), c = (int) (k % classes);
        dlogits[k] = logit_gradient(p[k], c == labels[i], scale * weights[i]);
    }
}
