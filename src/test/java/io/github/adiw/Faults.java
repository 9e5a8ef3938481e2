package io.github.adiw;

import io.github.adiw.device.StandInControl;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** Makes one call to the system fail, in a process that has {@code native/host/test/faults.cpp} loaded ahead. */
public final class Faults {
    /** What the native libraries call for threads and memory. */
    public static final List<String> MEMORY_AND_THREADS = List.of("mmap", "pthread_create", "aligned_alloc", "posix_memalign", "calloc");
    /** The opening of a file or folder below the one of the orders. */
    public static final String OPEN = "open";
    private static final int NONE = -1;

    private final IntBuffer orders;

    private Faults(IntBuffer orders) {
        this.orders = orders;
    }

    /**
     * A virtual machine in which calls may fail.
     *
     * @param file of the orders: is made
     */
    public static ChildJvm java(Path file) throws IOException, InterruptedException {
        StandInControl.make("faults");
        Files.write(file, new byte[12]);
        return new ChildJvm().environment("ADIW_FAULTS", file.toString())
            .environment("LD_PRELOAD", StandInControl.BUILT.resolve("host/libfaults.so").toAbsolutePath().toString());
    }

    /** In that virtual machine. */
    public static Faults open(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return new Faults(channel.map(FileChannel.MapMode.READ_WRITE, 0, 12).order(ByteOrder.nativeOrder()).asIntBuffer());
        }
    }

    /** From now on, so many calls of a function are done and the next fails. */
    public void begin(String function, int done) {
        int index = function.equals(OPEN) ? MEMORY_AND_THREADS.size() : MEMORY_AND_THREADS.indexOf(function);
        orders.put(0, index).put(2, 0).put(1, done);
    }

    /** From now on, every call is done; how many failed. */
    public int end() {
        orders.put(1, NONE);
        return orders.get(2);
    }
}
