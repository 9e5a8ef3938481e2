package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.nn.Mode;

/**
 * Maximum over square windows, which may overlap; what is left at the end, too little for a window, is left out. Of equal values the first
 * has the gradient.
 *
 * @param kernel  side of the window, from 1 to 15
 * @param stride  step of the window
 * @param padding pixels on each side that are never the maximum, at most half of a window
 */
public record MaxPoolLayer(int kernel, int stride, int padding) implements Layer {
    /** Checks the sizes. */
    public MaxPoolLayer {
        if (kernel < 1 || kernel > 15 || stride < 1 || padding < 0 || padding > kernel / 2) {
            throw new IllegalArgumentException("a max-pool needs windows of 1 to 15, a stride of at least 1 and a padding of at most "
                + "half a window, not " + kernel + " x " + kernel + ", stride " + stride + ", padding " + padding);
        }
    }

    /** Windows of 2 x 2, stride 2. */
    public MaxPoolLayer() {
        this(2, 2, 0);
    }

    /** Whether it is that of 2 x 2 windows, which has kernels of its own. */
    boolean ofPairs() {
        return kernel == 2 && stride == 2 && padding == 0;
    }

    @Override
    public Shape output(Shape input) {
        return new Shape(input.channels(), windows(input.height()), windows(input.width()));
    }

    private int windows(int side) {
        return Math.floorDiv(side + 2 * padding - kernel, stride) + 1;
    }

    @Override
    public Operation bind(Site site) {
        return new Bound(site);
    }

    private final class Bound implements Operation {
        private final Site site;
        private final Device device;
        private final Shape in;
        private final int window;
        private final int planes;
        private final int trainedPlanes;
        private final Buffer choice;

        Bound(Site site) {
            this.site = site;
            device = site.device();
            in = site.shape();
            planes = Math.multiplyExact(site.rows(), in.channels());
            trainedPlanes = site.trained() * in.channels();
            window = windows(in.height()) * windows(in.width());
            choice = site.allocate(ElementType.UINT8, (long) planes * window);
        }

        @Override
        public void forward(Mode mode) {
            Launch all = Launch.elements((long) planes * window);
            if (ofPairs()) {
                device.launch("max_pool_forward", all, site.input(), site.output(), choice, planes, in.height(), in.width());
            } else {
                device.launch("window_max_forward", all, site.input(), site.output(), choice, planes, in.height(), in.width(), kernel,
                    stride, padding);
            }
        }

        @Override
        public void backward() {
            if (ofPairs()) {
                device.zero(site.inputGradient());
                device.launch("max_pool_backward", Launch.elements((long) trainedPlanes * window), site.outputGradient(), choice,
                    site.inputGradient(), trainedPlanes, in.height(), in.width());
            } else {
                device.launch("window_max_backward", Launch.elements((long) trainedPlanes * in.height() * in.width()),
                    site.outputGradient(), choice, site.inputGradient(), trainedPlanes, in.height(), in.width(), kernel, stride, padding);
            }
        }
    }
}
