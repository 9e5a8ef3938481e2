package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * Copies between a device and Java's buffers in native byte order, whose positions stay as they are: direct ones by their address, others
 * by an array, which is their own where they are all of it.
 */
final class HostMemory {
    private HostMemory() {
    }

    /** Copies the remaining numbers into the first elements. */
    static void upload(IntBuffer source, Buffer target) {
        if (source.isDirect()) {
            target.upload(source);
        } else if (source.hasArray() && source.remaining() == source.array().length) {
            target.upload(source.array());
        } else {
            int[] array = new int[source.remaining()];
            source.get(source.position(), array);
            target.upload(array);
        }
    }

    /** Copies the remaining numbers into the first elements. */
    static void upload(FloatBuffer source, Buffer target) {
        if (source.isDirect()) {
            target.upload(source);
        } else if (source.hasArray() && source.remaining() == source.array().length) {
            target.upload(source.array());
        } else {
            float[] array = new float[source.remaining()];
            source.get(source.position(), array);
            target.upload(array);
        }
    }

    /** Copies the first elements into the remaining ones of a buffer that can be written. */
    static void download(Buffer source, FloatBuffer target) {
        if (target.isDirect()) {
            source.download(target);
        } else if (target.hasArray() && target.remaining() == target.array().length) {
            source.download(target.array());
        } else {
            float[] array = new float[target.remaining()];
            source.download(array);
            target.put(target.position(), array);
        }
    }
}
