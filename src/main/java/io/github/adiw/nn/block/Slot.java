package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;

/** Where a value or a gradient lies. While a program is made, it counts who still needs it; afterwards, the memory may be another's. */
final class Slot {
    private final BufferPool pool;
    private final Buffer whole;
    private Buffer buffer;
    private int holders = 1;

    /** A place that is said with every pass: its memory is the caller's. */
    Slot() {
        this(null, null, null);
    }

    /**
     * A place in the pool's memory, with one holder.
     *
     * @param whole  goes back to the pool when nobody needs it any more
     * @param buffer its part that is used
     */
    Slot(BufferPool pool, Buffer whole, Buffer buffer) {
        this.pool = pool;
        this.whole = whole;
        this.buffer = buffer;
    }

    Buffer buffer() {
        return buffer;
    }

    void buffer(Buffer given) {
        buffer = given;
    }

    /** One more needs it. */
    Slot hold() {
        holders++;
        return this;
    }

    /** One needs it no more. */
    void release() {
        holders--;
        if (holders == 0 && pool != null) {
            pool.give(whole);
        }
    }

    /** Whether its only holder may write to it. */
    boolean exclusive() {
        return holders == 1 && pool != null;
    }
}
