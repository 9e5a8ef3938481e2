package io.github.adiw.data;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;

/**
 * Samples on a device, in the type in which they are stored: one byte a value for images, float32 for tables. Batches are gathered from
 * them, normalised, as float32. {@link SampleSet#load} makes one.
 */
public final class SampleSource implements AutoCloseable {
    private final Scope scope;
    private final Device device;
    private final String kernel;
    private final SampleShape shape;
    private final Buffer values, means, deviations;

    private SampleSource(Scope scope, Device device, String kernel, Buffer values, SampleShape shape, Normalization normalization) {
        this.scope = scope;
        this.device = device;
        this.kernel = kernel;
        this.shape = shape;
        this.values = values;
        if (!normalization.none() && normalization.means().length != shape.channels()) {
            throw UsageException.of("normalization", "normalization has " + normalization.means().length
                + " means and deviations for samples of " + shape.channels() + (shape.channels() == 1 ? " channel" : " channels")
                + ": give one of each a channel, or Normalization.NONE");
        }
        means = normalization.none() ? null : scope.keep(device.floats(normalization.means()));
        deviations = normalization.none() ? null : scope.keep(device.floats(normalization.deviations()));
    }

    /** @param images uint8 {@code [n, channels, height, width]}; a batch has them divided by 255 */
    static SampleSource ofImages(Device device, byte[] images, SampleShape shape, Normalization normalization) {
        return Scope.building(scope -> {
            Buffer values = scope.keep(device.allocate(ElementType.UINT8, images.length));
            values.upload(images);
            return new SampleSource(scope, device, "gather_images", values, shape, normalization);
        });
    }

    /** @param rows float32 {@code [n, columns]} */
    static SampleSource ofRows(Device device, float[] rows, SampleShape shape, Normalization normalization) {
        return Scope.building(scope -> {
            Buffer values = scope.keep(device.floats(rows));
            return new SampleSource(scope, device, "gather_rows", values, shape, normalization);
        });
    }

    /** Shape of one sample. */
    public SampleShape shape() {
        return shape;
    }

    /**
     * Enqueues what gathers a batch.
     *
     * @param index int32 {@code [rows]}, which samples
     * @param batch float32 {@code [rows, channels, height, width]}, where to
     * @throws UsageException if a buffer is of another device, type or length
     */
    public void gather(Buffer index, Buffer batch) {
        requireFit(index, batch);
        device.launch(kernel, Launch.rows(index.length()), values, index, batch, shape.size(), shape.plane(), means, deviations);
    }

    /**
     * Enqueues what gathers a batch of images whose first rows are augmented.
     *
     * @param index     as for {@link #gather(Buffer, Buffer)}
     * @param batch     as there
     * @param augmented how many rows are augmented; the others are as they would be there
     * @param augmenter by what
     * @throws IllegalArgumentException if these are no images, and the augmentation is one ({@link Augmentation#requireFor} asks before),
     *                                  or a buffer is of another device, type or length
     */
    public void gather(Buffer index, Buffer batch, int augmented, Augmenter augmenter) {
        requireFit(index, batch);
        device.require("step", UsageException.given("augmenter", augmenter).step(), ElementType.INT64, 1);
        if (augmenter.augmentation() != Augmentation.NONE && values.type() != ElementType.UINT8) {
            throw new IllegalArgumentException("the augmentation " + augmenter.augmentation().text() + " is for images alone");
        }
        switch (augmenter.augmentation()) {
            case NONE -> gather(index, batch);
            case CROP_FLIP -> device.launch("gather_crops", Launch.rows(index.length()), values, index, batch, shape.channels(),
                shape.height(), shape.width(), means, deviations, augmented, Augmentation.PADDING, augmenter.step(), augmenter.seed());
        }
    }

    private void requireFit(Buffer index, Buffer batch) {
        device.require("index", index, ElementType.INT32);
        device.require("batch", batch, ElementType.FLOAT32, index.length(), shape.channels(), shape.height(), shape.width());
    }

    @Override
    public void close() {
        scope.close();
    }
}
