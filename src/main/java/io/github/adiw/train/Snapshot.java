package io.github.adiw.train;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Scope;
import java.util.LinkedHashMap;
import java.util.Map;

/** Buffers as they were at some moment, kept on their device. */
final class Snapshot implements AutoCloseable {
    private final Scope scope;
    private final Device device;
    private final Map<Buffer, Buffer> copies = new LinkedHashMap<>();

    private Snapshot(Scope scope, Device device, Map<String, Buffer> state) {
        this.scope = scope;
        this.device = device;
        for (Buffer buffer : state.values()) {
            Buffer copy = scope.keep(device.allocate(buffer.type(), buffer.length()));
            device.copy(buffer, copy);
            copies.put(buffer, copy);
        }
    }

    static Snapshot of(Device device, Map<String, Buffer> state) {
        return Scope.building(scope -> new Snapshot(scope, device, state));
    }

    /** Enqueues what makes the buffers again what they were. */
    void restore() {
        copies.forEach((buffer, copy) -> device.copy(copy, buffer));
    }

    @Override
    public void close() {
        scope.close();
    }
}
