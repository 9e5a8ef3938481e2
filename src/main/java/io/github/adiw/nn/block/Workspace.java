package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Scope;

/** The one piece of memory behind every {@link Scratch} of a program: as large as the layer that wants most. */
final class Workspace {
    private long most;
    private Buffer memory;

    void reserve(long floats) {
        most = Math.max(most, floats);
    }

    /** Once all layers have said what they want. */
    void allocate(Scope scope, Device device) {
        memory = scope.keep(device.allocate(ElementType.FLOAT32, most));
    }

    Buffer slice(long offset, long length) {
        return memory.slice(offset, length);
    }
}
