package io.github.adiw.device;

import io.github.adiw.UsageException;

/** The single place that decides which device runs. */
public final class Devices {
    private Devices() { }

    /** As {@link #open(String, int)} with all processors. */
    public static Device open(String name) {
        return open(name, Runtime.getRuntime().availableProcessors());
    }

    /**
     * Opens a device.
     *
     * @param name    {@code host}, this machine's processor
     * @param threads worker threads on the processor, at least 1
     * @throws UsageException if the name is not known, or {@code threads} is less than 1
     */
    public static Device open(String name, int threads) {
        if (threads < 1) {
            throw new UsageException("--threads must be at least 1, not " + threads);
        }
        return switch (name) {
            case "host" -> new HostDevice(threads);
            default -> throw new UsageException("there is no device " + name + ": choose host");
        };
    }
}
