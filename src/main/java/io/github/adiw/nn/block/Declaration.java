package io.github.adiw.nn.block;

import io.github.adiw.device.ElementType;
import java.util.Arrays;

/**
 * What a layer needs: a parameter, which is trained, or a buffer, which the layer itself keeps up to date (running statistics, a count).
 *
 * @param name      as PyTorch names it, {@code conv1.weight}
 * @param shape     as PyTorch's
 * @param type      float32; of a count int64
 * @param initial   its first values
 * @param trainable whether it has a gradient and the optimizer moves it
 * @param decayed   whether it is a weight, which weight decay reaches even where biases and the like are spared
 * @param least     the least value that can be meant: 0 of a variance; else negative infinity
 */
public record Declaration(String name, int[] shape, ElementType type, Initial initial, boolean trainable, boolean decayed, float least) {
    private static final float ANY = Float.NEGATIVE_INFINITY;

    /** A weight. */
    public static Declaration weight(String name, Initial initial, int... shape) {
        return new Declaration(name, shape, ElementType.FLOAT32, initial, true, true, ANY);
    }

    /** A parameter that weight decay may spare: a bias, a scale. */
    public static Declaration undecayed(String name, Initial initial, int... shape) {
        return new Declaration(name, shape, ElementType.FLOAT32, initial, true, false, ANY);
    }

    /** Numbers that are not trained, but belong to the model: running statistics. */
    public static Declaration buffer(String name, Initial initial, int... shape) {
        return new Declaration(name, shape, ElementType.FLOAT32, initial, false, false, ANY);
    }

    /** As {@link #buffer}; none of them is below 0. */
    public static Declaration variance(String name, Initial initial, int... shape) {
        return new Declaration(name, shape, ElementType.FLOAT32, initial, false, false, 0);
    }

    /** A count of passes, int64 without a dimension, from 0. A file of parameters may lack it. */
    public static Declaration count(String name) {
        return new Declaration(name, new int[0], ElementType.INT64, (device, values, seed, stream) -> device.zero(values), false, false,
            ANY);
    }

    /** Whether it is a {@link #count}. */
    public boolean isCount() {
        return type == ElementType.INT64;
    }

    /** Number of values. */
    public int size() {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }
}
