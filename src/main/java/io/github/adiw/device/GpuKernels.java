package io.github.adiw.device;

import io.github.adiw.AdiwException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The PTX of the jar: modules, one a kernel file, one behind the other in one text.
 *
 * @param modules     PTX texts
 * @param cudaVersion the least CUDA version that a driver must support to read those for every GPU: 1000 major + 10 minor. The others, for
 *                    younger GPUs alone, are left out where a driver refuses them
 * @param ptxVersion  the highest {@code .version} of those for every GPU, for a person
 */
record GpuKernels(List<String> modules, int cudaVersion, String ptxVersion) {
    /** JCuda's graph functions are those of CUDA 11.4. */
    private static final int LEAST_CUDA_VERSION = 11_040;
    private static final Pattern VERSION = Pattern.compile("(?m)^\\.version (\\d+)\\.(\\d+)");
    private static final Pattern TARGET = Pattern.compile("(?m)^\\.target sm_(\\d+)");
    private static final Pattern ENTRY = Pattern.compile("\\.entry\\s+(\\w+)");

    private static volatile Optional<GpuKernels> ofJar;      // null before it is read; read twice by two threads it is the same

    /** What the jar has; empty if it was built without nvcc. */
    static Optional<GpuKernels> ofJar() {
        Optional<GpuKernels> found = ofJar;
        if (found == null) {
            found = read();
            ofJar = found;
        }
        return found;
    }

    private static Optional<GpuKernels> read() {
        try (InputStream in = GpuKernels.class.getResourceAsStream("/ptx/adiw.ptx")) {
            return in == null ? Optional.empty() : Optional.of(parse(new String(in.readAllBytes(), StandardCharsets.US_ASCII)));
        } catch (IOException e) {
            throw new AdiwException("cannot read the kernels for NVIDIA GPUs in the jar: " + e.getMessage(), e);
        }
    }

    static GpuKernels parse(String text) {
        List<String> modules = new ArrayList<>();
        Matcher version = VERSION.matcher(text);
        int begin = -1;
        while (version.find()) {
            if (begin >= 0) {
                modules.add(text.substring(begin, version.start()));
            }
            begin = version.start();
        }
        if (begin >= 0) {
            modules.add(text.substring(begin));
        }
        int highest = LEAST_CUDA_VERSION;
        int highestPtx = 0;
        String ptxVersion = "";
        for (String module : modules) {
            version = VERSION.matcher(module);
            if (!version.find() || target(module) > CudaDriver.LEAST_CAPABILITY) {
                continue;
            }
            int major = Integer.parseInt(version.group(1));
            int minor = Integer.parseInt(version.group(2));
            if (100 * major + minor > highestPtx) {
                highestPtx = 100 * major + minor;
                ptxVersion = major + "." + minor;
            }
            highest = Math.max(highest, cudaVersion(major, minor));
        }
        return new GpuKernels(modules, highest, ptxVersion);
    }

    /** The least compute capability of a GPU for a module: 10 major + minor. */
    static int target(String module) {
        Matcher target = TARGET.matcher(module);
        return target.find() ? Integer.parseInt(target.group(1)) : CudaDriver.LEAST_CAPABILITY;
    }

    /** PTX 7.x came with CUDA 11.x, 8.x with 12.x, 9.x with 13.x. */
    private static int cudaVersion(int major, int minor) {
        return (major + 4) * 1000 + minor * 10;
    }

    /** Names of a module's kernels. */
    static List<String> entries(String module) {
        return ENTRY.matcher(module).results().map(r -> r.group(1)).toList();
    }

    /** A CUDA version for a person. */
    static String versionText(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }

    /** Version of the Linux driver that came with a CUDA version. */
    static int driverOf(int cudaVersion) {
        int[][] drivers = {{11_040, 470}, {11_050, 495}, {11_060, 510}, {11_070, 515}, {11_080, 520}, {12_000, 525}, {12_010, 530},
            {12_020, 535}, {12_030, 545}, {12_040, 550}, {12_050, 555}, {12_060, 560}, {12_080, 570}, {12_090, 575}, {13_000, 580}};
        for (int[] driver : drivers) {
            if (cudaVersion <= driver[0]) {
                return driver[1];
            }
        }
        return 590;
    }

    /** One sentence part: what a driver has to support. */
    String requirement() {
        return "CUDA " + versionText(cudaVersion) + " (driver " + driverOf(cudaVersion) + " or later; PTX " + ptxVersion + ")";
    }
}
