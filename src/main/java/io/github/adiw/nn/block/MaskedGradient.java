package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Launch;

/** The gradient before a ReLU that a layer ends with: that of the output where the output is positive, else 0. */
final class MaskedGradient {
    private final Site site;
    private final int n;
    private final Scratch masked;

    /** @param rowSize numbers in a row of the layer's output */
    MaskedGradient(Site site, int rowSize) {
        this.site = site;
        n = site.trained() * rowSize;
        masked = site.scratch(n);
    }

    /** Enqueues it; it is there until the layer's backward pass ends. */
    Buffer of(Buffer gradient) {
        Buffer result = masked.buffer();
        site.device().launch("relu_backward", Launch.elements(n), gradient, site.output(), result, n);
        return result;
    }
}
