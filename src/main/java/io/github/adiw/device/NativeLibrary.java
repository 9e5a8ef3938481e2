package io.github.adiw.device;

import io.github.adiw.AdiwException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Unpacks libraries into a private folder, which goes when the process ends, and loads them. They are looked for through the class
 * loader, not the class: JCuda's and the stand-in driver are in other jars, which are other modules on the module path.
 */
final class NativeLibrary {
    private static final String PLATFORM = "native/linux-x86_64/";
    private static Path folder;

    private NativeLibrary() {}

    /** Whether a jar has {@code native/linux-x86_64/name}. */
    static boolean holds(String name) {
        return NativeLibrary.class.getClassLoader().getResource(PLATFORM + name) != null;
    }

    /** Loads {@code native/linux-x86_64/name}. */
    static void load(String name) {
        System.load(unpack(PLATFORM + name).toString());
    }

    /**
     * Copies a resource into the private folder.
     *
     * @param resource its path in a jar, without a slash in front
     * @throws AdiwException on another platform than linux-x86_64, where no jar has it, or where no folder will take it
     */
    static synchronized Path unpack(String resource) {
        requirePlatform();
        String name = resource.substring(resource.lastIndexOf('/') + 1);
        try (InputStream in = NativeLibrary.class.getClassLoader().getResourceAsStream(resource)) {
            if (in == null) {
                throw new AdiwException(
                    "no jar has " + resource + ": one is missing, or the library was built incompletely; build it again with "
                        + "mvn package");
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
