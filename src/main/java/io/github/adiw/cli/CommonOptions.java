package io.github.adiw.cli;

import io.github.adiw.UsageException;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import java.util.List;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** The options that every command takes. */
final class CommonOptions {
    private static final List<String> DEVICES = List.of("auto", "cuda", "cuda:N", "host", "simt");
    private static final Pattern NUMBERED = Pattern.compile("cuda:\\d{1,4}");

    @Option(names = "--device", paramLabel = "DEVICE", defaultValue = "auto",
        description = "auto (a GPU if one is usable, else host), cuda, cuda:N, host (this machine's processor) or simt (the GPU code "
            + "over a stand-in driver: slow, for tests). Default: ${DEFAULT-VALUE}.")
    private String device;

    @Option(names = "--seed", paramLabel = "SEED",
        description = "Seed of all random draws; the same seed on the same device gives the same result. Default: 1.")
    private Long seed;

    @Option(names = "--threads", paramLabel = "N",
        description = "Worker threads on the processor. Default: as many as this process may use (a container's limit counts).")
    private Integer threads;

    @Option(names = "--json", description = "Print the result as JSON on standard output, with the warnings that go to standard error.")
    private boolean json;

    @Option(names = "--verbose", description = "Say more, and show the stack trace of a failure.")
    private boolean verbose;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help and end.")
    @SuppressWarnings("unused")     // for picocli
    private boolean help;

    /** Refuses what can be refused before any work: an unknown device, fewer threads than one. */
    void check() {
        if (!NUMBERED.matcher(device).matches()) {
            KnownNames.require("--device", device, DEVICES);
            if (device.equals("cuda:N")) {
                throw new UsageException("--device cuda:N wants a number for N, for instance cuda:0");
            }
        }
        if (threads != null && (threads < 1 || threads > Devices.MOST_THREADS)) {
            throw new UsageException("--threads must be 1 to " + Devices.MOST_THREADS + ", not " + threads);
        }
    }

    /** Opens the device that was asked for, and says in one line which it is, and why if that was left open. */
    Device open(Console console) {
        Device opened = Devices.open(device, threads(), console::notice);
        if (!device.equals("auto")) {
            console.notice("device " + opened.name() + ": " + opened.description());
        }
        return opened;
    }

    String device() {
        return device;
    }

    int threads() {
        return threads == null ? Math.min(Runtime.getRuntime().availableProcessors(), Devices.MOST_THREADS) : threads;
    }

    long seed() {
        return seed == null ? 1 : seed;
    }

    /** Whether a seed was given. */
    boolean seeded() {
        return seed != null;
    }

    boolean json() {
        return json;
    }

    boolean verbose() {
        return verbose;
    }
}
