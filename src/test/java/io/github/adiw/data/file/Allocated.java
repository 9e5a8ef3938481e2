package io.github.adiw.data.file;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Memory that code takes from Java's heap, whatever becomes of it. */
public final class Allocated {
    private Allocated() {}

    /** Bytes that this thread allocates while it runs {@code code}. */
    public static long by(Runnable code) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        code.run();
        return threads.getCurrentThreadAllocatedBytes() - before;
    }
}
