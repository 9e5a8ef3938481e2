package io.github.adiw.device;

import io.github.adiw.AdiwException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Unpacks libraries into a private folder and loads them. File and folder go as soon as the library is loaded, so that no process leaves
 * them behind, however it ends. The folder is in {@code java.io.tmpdir}, or where {@code -Dadiw.native.dir} says. Libraries are looked for
 * through the class loader, not the class: JCuda's and the stand-in driver are in other jars, which are other modules on the module path.
 */
final class NativeLibrary {
    /** System property: the folder to unpack in. */
    static final String FOLDER_PROPERTY = "adiw.native.dir";
    private static final String PLATFORM = "native/linux-x86_64/";

    private NativeLibrary() {}

    /** Whether a jar has {@code native/linux-x86_64/name}. */
    static boolean holds(String name) {
        return NativeLibrary.class.getClassLoader().getResource(PLATFORM + name) != null;
    }

    /**
     * Loads {@code native/linux-x86_64/name}.
     *
     * @throws AdiwException as {@link #unpacked}, and if the system does not load it
     */
    static void load(String name) {
        unpacked(PLATFORM + name, library -> {
            try {
                System.load(library.toString());
            } catch (UnsatisfiedLinkError e) {
                throw new AdiwException("the system does not load " + name + " from " + library.getParent().getParent() + " ("
                    + reason(e, library) + "): " + advice(), e);
            }
        });
    }

    /**
     * Copies a resource into a private folder, which is there while {@code use} runs.
     *
     * @param resource its path in a jar, without a slash in front
     * @param use      hears where the file is
     * @throws AdiwException on another platform than linux-x86_64, where no jar has it, or where no folder will take it
     */
    static void unpacked(String resource, Consumer<Path> use) {
        requirePlatform();
        String name = resource.substring(resource.lastIndexOf('/') + 1);
        Path parent = parent();
        Path folder = null;
        Path library = null;
        try (InputStream in = NativeLibrary.class.getClassLoader().getResourceAsStream(resource)) {
            if (in == null) {
                throw new AdiwException(
                    "no jar has " + resource + ": one is missing, or the library was built incompletely; build it again with "
                        + "mvn package");
            }
            folder = Files.createTempDirectory(parent, "adiw-");
            library = folder.resolve(name);
            Files.copy(in, library);
            use.accept(library);
        } catch (IOException e) {
            throw new AdiwException("cannot unpack " + name + " into " + parent + " (" + reason(e) + "): " + advice(), e);
        } finally {
            delete(library);
            delete(folder);
        }
    }

    private static Path parent() {
        String given = System.getProperty(FOLDER_PROPERTY, "");
        return Path.of(given.isEmpty() ? System.getProperty("java.io.tmpdir", "/tmp") : given).toAbsolutePath();
    }

    private static String advice() {
        return "give a folder that can be written, on a file system with room that lets programs run, by -D" + FOLDER_PROPERTY + "=FOLDER";
    }

    private static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "there is no such folder";
        }
        return e instanceof FileSystemException f && f.getReason() != null ? f.getReason() : String.valueOf(e.getMessage());
    }

    /** What the dynamic linker says, without the file's name in front. */
    private static String reason(UnsatisfiedLinkError e, Path library) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("").replace(library + ": ", "");
    }

    /** What is not deleted now (a network's file system keeps what is in use) goes when the process ends. */
    private static void delete(Path path) {
        if (path != null) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                path.toFile().deleteOnExit();
            }
        }
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
