package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import java.util.function.BiFunction;

/**
 * What a product needs that is split over k: memory for the partial sums of its tiles, and how many blocks of a tile are done. Products
 * that are enqueued one after the other share it.
 *
 * @param partials float32, as many as the largest of them has; null if none of them is split
 * @param done     int32, zero between launches; null if none of them is split
 */
record SplitMemory(Buffer partials, Buffer done) {
    /** For products that are not split. */
    static final SplitMemory NONE = new SplitMemory(null, null);

    /**
     * For products of these sizes.
     *
     * @param allocate gives memory that is kept as long as the products
     */
    static SplitMemory of(Device device, BiFunction<ElementType, Long, Buffer> allocate, ProductSize... sizes) {
        long floats = 0;
        long tiles = 0;
        for (ProductSize size : sizes) {
            int splits = size.splits(device);
            if (splits > 1) {
                floats = Math.max(floats, splits * size.tiles() * ProductSize.TILE * ProductSize.TILE);
                tiles = Math.max(tiles, size.tiles());
            }
        }
        if (tiles == 0) {
            return NONE;
        }
        Buffer done = allocate.apply(ElementType.INT32, tiles);
        device.zero(done);
        return new SplitMemory(allocate.apply(ElementType.FLOAT32, floats), done);
    }
}
