package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Scope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Memory for what lives during a part of a pass only: given back while a program is made, it is taken again by a later step. */
final class BufferPool {
    private final Scope scope;
    private final Device device;
    private final List<Buffer> free = new ArrayList<>();

    BufferPool(Scope scope, Device device) {
        this.scope = scope;
        this.device = device;
    }

    /** The smallest free memory that is enough, or new one; float32. */
    Slot take(long floats) {
        Buffer whole = free.stream().filter(buffer -> buffer.length() >= floats).min(Comparator.comparingLong(Buffer::length)).orElse(null);
        if (whole == null) {
            whole = scope.keep(device.allocate(ElementType.FLOAT32, floats));
        } else {
            free.remove(whole);
        }
        return new Slot(this, whole, whole.slice(0, floats));
    }

    void give(Buffer whole) {
        free.add(whole);
    }
}
