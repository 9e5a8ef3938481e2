package io.github.adiw.device;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The single place that decides which device runs. A process has one CUDA driver, so {@code cuda} and {@code simt} cannot
 * both be opened in it; {@code host} can be open beside either.
 */
public final class Devices {
    /** The most worker threads of a device. */
    public static final int MOST_THREADS = 1024;
    private static final Logger LOG = LoggerFactory.getLogger(Devices.class);
    private static final long CU_STREAM_LEGACY = 1;
    private static final Pattern GPU = Pattern.compile("cuda(?::(\\d{1,4}))?");

    /**
     * A decision.
     *
     * @param name   {@code host}, {@code cuda:N} or {@code simt}
     * @param reason one line for a person: which, and why
     */
    public record Choice(String name, String reason) {}

    private Devices() {}

    /** As {@link #open(String, int)} with all processors that this process may use. */
    public static Device open(String name) {
        return open(name, Math.min(Runtime.getRuntime().availableProcessors(), MOST_THREADS));
    }

    /**
     * Opens a device. What {@code auto} chose is logged at level info. A GPU's work goes to a stream of its own ({@link #openOnStream}:
     * the caller's) in its primary context; the calling thread's current context, and whether JCuda throws, stay as they are.
     * The context and the kernels in it are kept until the process ends, for the next device: a {@code cudaDeviceReset} would end them.
     *
     * @param name    {@code auto}, {@code host} (this machine's processor), {@code cuda} or {@code cuda:N} (an NVIDIA GPU,
     *                numbered from 0), {@code simt} (the stand-in driver: slow, for tests)
     * @param threads worker threads on the processor, 1 to {@value #MOST_THREADS}; a GPU does not use them. More than the processors that
     *                this process may use make every launch slower, and where the system gives fewer there are fewer: both are
     *                logged at level warn
     * @throws UsageException                if the name is not known, {@code threads} is out of range, or this process has
     *                                       loaded another CUDA driver
     * @throws io.github.adiw.AdiwException  if the device cannot be used: no driver, a driver or GPU that is too old, no
     *                                       PTX in the jar
     */
    public static Device open(String name, int threads) {
        return open(name, threads, LOG::info, LOG::warn);
    }

    /**
     * As {@link #open(String, int)}.
     *
     * @param notices hears, instead of the log, what {@code auto} chose and why, and what is said of the threads: lines for a person
     */
    public static Device open(String name, int threads, Consumer<String> notices) {
        UsageException.given("notices", notices);
        return open(name, threads, notices, notices);
    }

    private static Device open(String name, int threads, Consumer<String> chosen, Consumer<String> warnings) {
        if (UsageException.atLeast("threads", 1, threads) > MOST_THREADS) {
            throw UsageException.of("threads", "threads must be at most " + MOST_THREADS + ", not " + threads);
        }
        Choice choice = choose(name);
        if (!name.equals("auto")) {
            return open(choice, threads, 0, warnings);
        }
        String reason = choice.reason;
        Device device;
        try {
            device = open(choice, threads, 0, warnings);
        } catch (AdiwException e) {
            if (choice.name.equals("host")) {
                throw e;
            }
            reason = "device host: " + e.getMessage();      // a GPU that is there, but full or somebody else's
            device = host(threads, warnings);
        }
        chosen.accept(reason);
        return device;
    }

    /**
     * Opens a GPU on a stream of the caller's, so that its work and this library's are in order without anyone waiting: what the caller
     * has enqueued there is done before what is launched here, and the other way round. The caller destroys the stream, after closing the
     * device.
     *
     * @param name   {@code cuda}, {@code cuda:N} or {@code simt}
     * @param stream the address of a {@code CUstream} or {@code cudaStream_t} of that GPU's primary context, which is the one that the
     *               runtime API uses; neither 0 nor 1 ({@code CU_STREAM_LEGACY}), the default stream, on which no graph can be recorded
     * @throws UsageException               as {@link #open(String, int)}, and if the device is not a GPU, or the stream is 0 or 1
     * @throws io.github.adiw.AdiwException as {@link #open(String, int)}
     */
    public static Device openOnStream(String name, long stream) {
        if (stream == 0 || stream == CU_STREAM_LEGACY) {
            throw new UsageException(
                "the default stream (" + stream + ") cannot record graphs: give a stream that cuStreamCreate or cudaStreamCreate made");
        }
        Choice choice = choose(name);
        if (name.equals("auto") || choice.name.equals("host")) {
            throw new UsageException("device " + name + " has no streams: choose cuda, cuda:N or simt");
        }
        return open(choice, 1, stream, LOG::warn);
    }

    private static Device open(Choice choice, int threads, long stream, Consumer<String> warnings) {
        return switch (choice.name) {
            case "host" -> host(threads, warnings);
            case "simt" -> CudaDevice.standIn(stream).opened();
            default -> CudaDevice.nvidia(Integer.parseInt(choice.name.substring("cuda:".length())), stream).opened();
        };
    }

    private static Device host(int threads, Consumer<String> warnings) {
        int processors = Runtime.getRuntime().availableProcessors();
        if (threads > processors) {
            warnings.accept("device host: " + threads + " threads are more than the " + processors
                + (processors == 1 ? " processor" : " processors") + " that this process may use: each launch waits for all of them, "
                + "and work takes longer, with hundreds of threads a hundred times and more; give at most " + processors);
        }
        HostDevice device = HostDevice.open(threads);
        if (device.threads() < threads) {
            warnings.accept("device host: the system gives this process " + device.threads() + " of " + threads
                + " threads (its limit on processes, or memory): work takes longer");
        }
        return device.opened();
    }

    /**
     * What {@link #open} would open. For {@code auto}: the first GPU if one is usable, else the processor.
     *
     * @throws UsageException if the name is not known
     */
    public static Choice choose(String name) {
        Matcher gpu = GPU.matcher(UsageException.given("name", name));
        if (gpu.matches()) {
            return new Choice("cuda:" + (gpu.group(1) == null ? "0" : Integer.toString(Integer.parseInt(gpu.group(1)))),
                name + " was asked for");
        }
        return switch (name) {
            case "host", "simt" -> new Choice(name, name + " was asked for");
            case "auto" -> automatic();
            default -> throw new UsageException("there is no device " + name + ": choose auto, host, cuda, cuda:N or simt");
        };
    }

    private static Choice automatic() {
        if (CudaDriver.loaded() == CudaDriver.Kind.STAND_IN) {
            return new Choice("host", "device host: this process has loaded the stand-in driver");
        }
        try {
            CudaDevice.prepare(0);
            return new Choice("cuda:0", "device cuda:0: " + gpus().get(0));
        } catch (AdiwException | UsageException e) {
            String fact = e.getMessage().split("; ")[0];     // what comes behind says what to do
            return new Choice("host", "device host: " + fact);
        }
    }

    /**
     * One line a GPU of this machine, by number: name, compute capability, memory.
     *
     * @throws io.github.adiw.AdiwException if there is no driver that can be used; the message says why
     */
    public static List<String> gpus() {
        CudaDriver.load(CudaDriver.Kind.NVIDIA);
        return CudaDriver.describeDevices();
    }

    /** Whether the stand-in driver's jar is there, so that {@code simt} may be opened. */
    public static boolean hasStandIn() {
        return NativeLibrary.holds(StandInDriver.LIBRARY);
    }

    /** One line for a person: the least driver and compute capability that this build's GPU kernels need, or that it has none. */
    public static String requirements() {
        return GpuKernels.ofJar().map(k -> k.requirement() + ", compute capability 8.0")
            .orElse("this build has no kernels for NVIDIA GPUs");
    }
}
