package io.github.adiw.nn.block;

import io.github.adiw.device.Launch;
import io.github.adiw.nn.Mode;

/**
 * The shortcut without parameters where images shrink and channels are added: every {@code stride}-th pixel, and as many channels of zeros
 * before those of the input as behind them (option A of He et al., CVPR 2016).
 *
 * @param filters output channels: an even number more than there are input channels, or as many
 * @param stride  step from a pixel to the next, at least 1
 */
public record PaddedShortcutLayer(int filters, int stride) implements Layer {
    @Override
    public Shape output(Shape input) {
        int added = filters - input.channels();
        if (added < 0 || added % 2 != 0 || stride < 1) {
            throw new IllegalArgumentException("a padded shortcut needs a stride of at least 1 and an even number of channels to add, not "
                + "stride " + stride + " and " + filters + " channels from " + input.channels());
        }
        return new Shape(filters, (input.height() + stride - 1) / stride, (input.width() + stride - 1) / stride);
    }

    @Override
    public Operation bind(Site site) {
        Shape in = site.shape();
        int made = Math.multiplyExact(site.rows(), filters);
        int given = site.trained() * in.channels();
        return new Operation() {
            @Override
            public void forward(Mode mode) {
                site.device().launch("shortcut_forward", Launch.rows(made), site.input(), site.output(), in.channels(), in.height(),
                    in.width(), filters, stride);
            }

            @Override
            public void backward() {
                site.device().launch("shortcut_backward", Launch.rows(given), site.outputGradient(), site.inputGradient(), in.channels(),
                    in.height(), in.width(), filters, stride);
            }
        };
    }
}
