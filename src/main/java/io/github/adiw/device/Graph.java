package io.github.adiw.device;

/**
 * Launches and copies, recorded once by {@link Device#record} and replayed as one call. The buffers that were used while recording must
 * stay open as long as the graph is replayed. Close it before them, and before its device.
 */
public interface Graph extends AutoCloseable {
    /**
     * Enqueues the whole recording on the device, after everything enqueued before. Allocates nothing on the Java heap.
     *
     * @throws IllegalStateException        if this, the device, or a buffer that the graph uses has been closed (it says which), if the
     *                                      device belongs to another thread, or while a graph is recorded
     * @throws io.github.adiw.AdiwException if there is too little memory to run it
     */
    void replay();

    /** Launches and copies of the recording: on a GPU, nodes of its graph. */
    int nodes();

    /** Releases the recording. A second call does nothing; {@link #replay} after it throws {@link IllegalStateException}. */
    @Override
    void close();
}
