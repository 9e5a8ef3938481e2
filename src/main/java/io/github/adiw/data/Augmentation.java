package io.github.adiw.data;

import io.github.adiw.UsageException;
import java.util.Arrays;
import java.util.List;

/** What is done to training images when a batch is gathered, anew in every step, so that a network does not see the same image twice. */
public enum Augmentation {
    /** The images as they are. */
    NONE("none"),
    /**
     * A crop of the image's own size, at a random place of the image with 4 black pixels on each side, in half of the cases mirrored (He et
     * al., CVPR 2016, section 4.2): PyTorch's {@code RandomCrop(size, padding=4)} and {@code RandomHorizontalFlip()} before
     * {@code Normalize}, so that black is what 0 becomes by the {@link Normalization}.
     */
    CROP_FLIP("crop-flip");

    /** Black pixels on each side of an image that is cropped. */
    static final int PADDING = 4;

    private final String text;

    Augmentation(String text) {
        this.text = text;
    }

    /** As on the command line. */
    public String text() {
        return text;
    }

    /** The texts that {@link #of} knows. */
    public static List<String> names() {
        return Arrays.stream(values()).map(Augmentation::text).toList();
    }

    /** @throws UsageException if the text is none of {@link #names} */
    public static Augmentation of(String text) {
        UsageException.given("augment", text);
        return Arrays.stream(values()).filter(one -> one.text.equals(text)).findFirst().orElseThrow(() -> UsageException.of("augment",
            "augment " + text + " is not known: choose one of " + String.join(", ", names())));
    }

    /** @throws UsageException if such samples cannot be altered so */
    public void requireFor(SampleSet samples) {
        if (this != NONE && !(samples instanceof ImageSet)) {
            throw UsageException.of("augment", "augment " + text + " alters images, and these samples are " + samples.description()
                + ": give augment none");
        }
    }
}
