package io.github.adiw.device;

/**
 * Launches and copies, recorded once by {@link Device#record} and replayed as one call. It holds the addresses of the
 * buffers that were used while recording: they must stay open as long as the graph is replayed. Close it before its device.
 */
public interface Graph extends AutoCloseable {
    /** Enqueues the whole recording on the device, after everything enqueued before. Allocates nothing on the Java heap. */
    void replay();

    /** Releases the recording. A second call does nothing; {@link #replay} after it throws {@link IllegalStateException}. */
    @Override
    void close();
}
