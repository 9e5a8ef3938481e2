package io.github.adiw.device;

import io.github.adiw.AdiwException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/**
 * The kernels as machine code of one architecture, where the jar with the classifier {@code cubin} is there: {@code cubin/sm_90/index} says
 * by its SHA-256 of which PTX each file was made, so that code of another build is not taken.
 *
 * @param architecture for instance {@code sm_90}
 * @param files        names of files by the checksum of the PTX
 */
record Cubins(String architecture, Map<String, String> files) {
    private static final String FOLDER = "cubin/";

    /**
     * Those that a GPU can run: of its own architecture, or of an older one with the same first digit.
     *
     * @param capability 10 major + minor
     */
    static Optional<Cubins> of(int capability) {
        for (int own = capability; own >= capability / 10 * 10; own--) {
            String architecture = "sm_" + own;
            byte[] index = read(architecture + "/index");
            if (index != null) {
                Map<String, String> files = new HashMap<>();
                new String(index, StandardCharsets.US_ASCII).lines().map(line -> line.split(" +"))
                    .forEach(line -> files.put(line[0], line[1]));
                return Optional.of(new Cubins(architecture, files));
            }
        }
        return Optional.empty();
    }

    /** The machine code of a module of PTX; null if there is none. */
    byte[] of(String module) {
        String file = files.get(checksum(module));
        return file == null ? null : read(architecture + "/" + file);
    }

    private static String checksum(String text) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** Through the class loader: they are in a jar of their own. */
    private static byte[] read(String name) {
        try (InputStream in = Cubins.class.getClassLoader().getResourceAsStream(FOLDER + name)) {
            return in == null ? null : in.readAllBytes();
        } catch (IOException e) {
            throw new AdiwException("cannot read " + FOLDER + name + " in the jar of machine code for GPUs: " + e.getMessage(), e);
        }
    }
}
