package io.github.adiw.device;

import io.github.adiw.AdiwException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Unpacks the libraries of the jar into a private folder, which goes when the process ends, and loads them. */
final class NativeLibrary {
    private static Path folder;

    private NativeLibrary() { }

    /** Loads {@code native/linux-x86_64/name}. */
    static void load(String name) {
        System.load(unpack("/native/linux-x86_64/" + name).toString());
    }

    /**
     * Copies a resource into the private folder.
     *
     * @throws AdiwException on another platform than linux-x86_64, where the jar lacks it, or where no folder will take it
     */
    static synchronized Path unpack(String resource) {
        requirePlatform();
        String name = resource.substring(resource.lastIndexOf('/') + 1);
        try (InputStream in = NativeLibrary.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new AdiwException("the jar lacks " + resource + ": it was built incompletely; build it again with mvn package");
            }
            Path target = folder().resolve(name);
            if (!Files.exists(target)) {
                Files.copy(in, target);
                target.toFile().deleteOnExit();
            }
            return target;
        } catch (IOException e) {
            throw new AdiwException("cannot unpack " + name + " into the temporary folder (" + e.getMessage()
                + "): point -Djava.io.tmpdir to a folder that can be written", e);
        }
    }

    /** The private folder: readable by this user alone. */
    static synchronized Path folder() throws IOException {
        if (folder == null) {
            folder = Files.createTempDirectory("adiw-");
            folder.toFile().deleteOnExit();
        }
        return folder;
    }

    private static void requirePlatform() {
        String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        String processor = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
        if (!system.equals("linux") || !(processor.equals("amd64") || processor.equals("x86_64"))) {
            throw new AdiwException("ADIW runs on linux-x86_64; this is " + system + "-" + processor
                + ", for which it has no native library");
        }
    }
}
