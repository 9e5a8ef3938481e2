package io.github.adiw.data.file;

import io.github.adiw.AdiwException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes a file whole or not at all: into a temporary file in the same folder, which is then moved to its name. Whoever
 * reads the name sees the old content or the new one, never a part, also after the power failed: the content is on the disk
 * before the name leads to it, and the name before {@code write} returns. Devices and pipes are written to as they are.
 * What a process that was killed has left in the folder goes with the next file that is written there.
 */
public final class AtomicFile {
    /** Writes the content of a file. */
    @FunctionalInterface
    public interface Content {
        /**
         * @param out where to write; buffered, closed by the caller
         * @throws IOException if writing fails
         */
        void writeTo(OutputStream out) throws IOException;
    }

    /** Of a temporary file: what it becomes, the process that writes it, and the time. */
    private static final Pattern TEMPORARY = Pattern.compile("\\..+\\.(\\d{1,18})-[0-9a-f]{1,16}\\.tmp");
    /** A process number says nothing of a process on another machine, or in another container, that writes into the same folder. */
    private static final Duration UNTOUCHED = Duration.ofMinutes(1);

    private AtomicFile() {
    }

    /**
     * Writes a file; folders that are missing on the way are made.
     *
     * @param path the file; an existing one is replaced
     * @param content writes it
     * @throws AdiwException if the file cannot be written; then {@code path} is as it was before
     */
    public static void write(Path path, Content content) {
        Path target = path.toAbsolutePath();
        Path temporary = null;
        try {
            if (Files.isDirectory(target)) {
                throw new AdiwException("cannot write " + path + ": it is a folder, and a file was expected");
            }
            if (Files.exists(target) && !Files.isRegularFile(target)) {     // a device or a pipe: written to, and not replaced
                try (OutputStream out = buffered(Files.newOutputStream(target, StandardOpenOption.WRITE))) {
                    content.writeTo(out);
                }
                return;
            }
            makeFolders(target.getParent());
            sweep(target.getParent(), UNTOUCHED);
            temporary = temporary(target);
            try (FileChannel file = FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                OutputStream out = buffered(Channels.newOutputStream(file));
                content.writeTo(out);
                out.flush();
                file.force(true);
            }
            moveTo(temporary, target);
            temporary = null;
        } catch (IOException e) {
            throw new AdiwException("cannot write " + path + ": " + reason(e), e);
        } finally {
            if (temporary != null) {
                deleteQuietly(temporary);
            }
        }
    }

    /**
     * Writes text as UTF-8; as {@link #write(Path, Content)} otherwise.
     *
     * @param path the file; an existing one is replaced
     * @param text the whole content
     * @throws AdiwException if the file cannot be written
     */
    public static void writeString(Path path, String text) {
        write(path, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * Makes a folder for results, and checks that files can be written there: before hours of work and not after.
     *
     * @param folder the folder; may be there already
     * @throws AdiwException if it cannot be made or written to
     */
    public static void prepareFolder(Path folder) {
        try {
            makeFolders(folder);
            Files.delete(Files.createFile(temporary(folder.resolve("adiw"))));
        } catch (IOException e) {
            throw new AdiwException("cannot write to the folder " + folder + ": " + reason(e), e);
        }
    }

    /** Not as createTempFile makes it: its files are private to the user, and these are ordinary results. */
    private static Path temporary(Path target) {
        return target.resolveSibling("." + target.getFileName() + "." + ProcessHandle.current().pid() + "-"
            + Long.toHexString(System.nanoTime()) + ".tmp");
    }

    /** Deletes the temporary files in a folder that belongs to one run, of processes that were killed while they wrote there. */
    public static void deleteLeftOvers(Path folder) {
        sweep(folder, Duration.ZERO);
    }

    /** Deletes the temporary files of processes that are gone. */
    private static void sweep(Path folder, Duration untouched) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, ".*.tmp")) {
            for (Path file : files) {
                if (isLeftOver(file, untouched)) {
                    deleteQuietly(file);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // A folder that cannot be listed can be written to nevertheless.
        }
    }

    private static boolean isLeftOver(Path file, Duration untouched) throws IOException {
        Matcher name = TEMPORARY.matcher(file.getFileName().toString());
        return name.matches() && ProcessHandle.of(Long.parseLong(name.group(1))).filter(ProcessHandle::isAlive).isEmpty()
            && Files.getLastModifiedTime(file).toInstant().isBefore(Instant.now().minus(untouched));
    }

    private static OutputStream buffered(OutputStream out) {
        return new BufferedOutputStream(out, 1 << 16);
    }

    /**
     * Gives a file that is whole and on the disk its name, for good: the folder that has the name is written to the disk too.
     *
     * @param file   in the same file system as {@code target}
     * @param target an existing one is replaced
     */
    public static void moveTo(Path file, Path target) throws IOException {
        try {
            Files.move(file, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(file, target, StandardCopyOption.REPLACE_EXISTING);
        }
        forceFolder(target.getParent());
    }

    /** Makes a folder and those above it, for good: a name is lost with the power as long as its folder is not on the disk. */
    private static void makeFolders(Path folder) throws IOException {
        Path there = folder;
        while (there.getParent() != null && !Files.exists(there)) {
            there = there.getParent();
        }
        Files.createDirectories(folder);
        for (Path made = folder; !made.equals(there); made = made.getParent()) {
            forceFolder(made.getParent());
        }
    }

    /** A folder that can be written to and not read cannot be opened, and some file systems refuse: then it is theirs to keep. */
    private static void forceFolder(Path folder) throws IOException {
        FileChannel channel;
        try {
            channel = FileChannel.open(folder);
        } catch (AccessDeniedException e) {
            return;
        }
        try (channel) {
            channel.force(true);
        } catch (IOException e) {
            if (!"Invalid argument".equals(e.getMessage())) {
                throw e;
            }
        }
    }

    private static void deleteQuietly(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            // The first failure is the one to report; a left-over temporary file is its consequence.
        }
    }

    /** What went wrong, in words: the file system's exceptions carry only the path as their message. */
    public static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "no such file or folder";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof FileAlreadyExistsException || e instanceof NotDirectoryException) {
            return "a part of its path is a file, and a folder was expected";
        }
        if (e instanceof FileSystemException f && f.getReason() != null) {
            return f.getReason();
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }
}
