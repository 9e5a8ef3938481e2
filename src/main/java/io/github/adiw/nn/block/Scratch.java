package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;

/** Memory that a layer has for itself during its own backward pass, and shares with the other layers of its program otherwise. */
public final class Scratch {
    private final Workspace workspace;
    private final long offset;
    private final long length;

    Scratch(Workspace workspace, long offset, long length) {
        this.workspace = workspace;
        this.offset = offset;
        this.length = length;
    }

    /** The memory, float32, contents undefined; only in a pass. */
    public Buffer buffer() {
        return workspace.slice(offset, length);
    }
}
