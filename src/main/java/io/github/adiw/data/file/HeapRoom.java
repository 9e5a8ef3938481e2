package io.github.adiw.data.file;

import io.github.adiw.AdiwException;
import java.util.Locale;
import java.util.function.Supplier;

/** Memory for what a file holds, or a sentence where Java has not so much. */
public final class HeapRoom {
    private HeapRoom() {}

    /**
     * Makes an array, or several.
     *
     * @param name  the file's, for the message
     * @param bytes that it takes, for the message
     * @param array makes it
     * @throws AdiwException if Java's heap has no room for it
     */
    public static <T> T of(String name, long bytes, Supplier<T> array) {
        try {
            return array.get();
        } catch (OutOfMemoryError e) {
            throw new AdiwException(String.format(Locale.ROOT, "%s holds values that take %,d MiB, and Java's heap of %,d MiB has no room "
                + "for them: give Java more by -Xmx", name, (bytes >> 20) + 1, Runtime.getRuntime().maxMemory() >> 20), e);
        }
    }
}
