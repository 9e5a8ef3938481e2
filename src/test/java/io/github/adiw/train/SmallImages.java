package io.github.adiw.train;

import io.github.adiw.data.Dataset;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.data.ImageSet;
import java.util.Arrays;

/** Every fourth pixel of the first images of Fashion-MNIST's sample, 7 x 7, which residual networks are fast on. */
final class SmallImages {
    private static final int SIDE = 7;

    private SmallImages() {}

    static Dataset of(int train, int test) {
        Dataset sample = FashionMnist.sample();
        return new Dataset("small-images", small((ImageSet) sample.train(), train), small((ImageSet) sample.test(), test),
            sample.classNames(), sample.normalization(), "a test", true);
    }

    private static ImageSet small(ImageSet set, int count) {
        byte[] images = new byte[count * SIDE * SIDE];
        for (int i = 0; i < images.length; i++) {
            int row = i / SIDE % SIDE;
            images[i] = set.images()[i / (SIDE * SIDE) * set.imageSize() + (4 * row + 2) * set.width() + 4 * (i % SIDE) + 2];
        }
        return new ImageSet(images, Arrays.copyOf(set.labels(), count), 1, SIDE, SIDE);
    }
}
