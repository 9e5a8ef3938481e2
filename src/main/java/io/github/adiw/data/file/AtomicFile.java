package io.github.adiw.data.file;

import io.github.adiw.AdiwException;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
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
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes a file whole or not at all: into a temporary file in the same folder, which is then moved to its name. Whoever
 * reads the name sees the old content or the new one, never a part, also after the power failed: the content is on the disk
 * before the name leads to it, and the name before {@code write} returns. What a process that was killed has left in the
 * folder goes with the next file that is written there.
 *
 * <p>A symbolic link stays one, and what it leads to is replaced, or made. A file that is replaced hands on its permissions, not
 * its owner, and other hard links keep the old content. Devices, pipes and what is under {@code /proc} (so {@code /dev/stdout}
 * and {@code /dev/fd}) are written to as they are: standard output and error where they stand, other files at their end.
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
    /** As many as the system follows. */
    private static final int MOST_LINKS = 40;
    /** Of a temporary file that gets those of another once it is whole: nobody reads it before. */
    private static final Set<PosixFilePermission> PRIVATE = EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private AtomicFile() {
    }

    /**
     * Writes a file; folders that are missing on the way are made.
     *
     * @param path the file; an existing one is replaced
     * @param content writes it
     * @throws AdiwException if the file cannot be written; then {@code path}, unless it is a device or a pipe, is as it was before
     */
    public static void write(Path path, Content content) {
        Path target = target(path);
        try {
            if (Files.isDirectory(target)) {
                throw new AdiwException("cannot write " + path + ": it is a folder, and a file was expected");
            }
            if (isReplaced(target)) {
                replace(target, content);
            } else {
                writeAsItIs(target, content);
            }
        } catch (IOException e) {
            throw new AdiwException("cannot write " + path + ": " + reason(e), e);
        }
    }

    /**
     * Writes a file whose beginning is known once the rest is there. The rest waits in a temporary file beside it or, as there is
     * no place beside a device or a pipe, in {@code java.io.tmpdir}.
     *
     * @param path the file; an existing one is replaced
     * @param rest writes all but the beginning; called first
     * @param head writes the beginning
     * @throws AdiwException if the file cannot be written; then {@code path} is as it was before
     */
    public static void write(Path path, Content rest, Content head) {
        Path target = target(path);
        boolean beside = isReplaced(target);
        Path folder = beside ? target.getParent() : Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath();
        Path waiting = temporary(folder.resolve(target.getFileName()));
        try {
            if (beside) {
                makeFolders(folder);
            }
            sweep(folder, UNTOUCHED);
            try (OutputStream out = buffered(Channels.newOutputStream(create(waiting, true)))) {
                rest.writeTo(out);
            }
            write(path, out -> {
                head.writeTo(out);
                Files.copy(waiting, out);
            });
        } catch (IOException e) {
            throw new AdiwException("cannot write " + (beside ? path.toString() : path + " by way of " + folder) + ": " + reason(e), e);
        } finally {
            deleteQuietly(waiting);
        }
    }

    /**
     * The file that {@link #write} replaces, makes or writes to: where links lead, of which the last may lead to nothing yet.
     * Descriptors of a process, which look like links under {@code /proc}, are not followed.
     *
     * @throws AdiwException if the links lead round in a circle
     */
    public static Path target(Path path) {
        Path at = path.toAbsolutePath();
        try {
            for (int links = 0; Files.isSymbolicLink(at) && !isOfSystem(at); links++) {
                if (links == MOST_LINKS) {
                    throw new AdiwException(path + " is a link that leads round in a circle, and a file was expected");
                }
                at = at.resolveSibling(Files.readSymbolicLink(at));
            }
            return at;
        } catch (IOException e) {
            throw new AdiwException("cannot follow the link " + path + ": " + reason(e), e);
        }
    }

    /** Whether a {@link #target} is replaced, or made: else it is a device, a pipe or a descriptor, and written to as it is. */
    public static boolean isReplaced(Path target) {
        try {
            return !Files.exists(target) || Files.isRegularFile(target) && !isOfSystem(target);
        } catch (IOException e) {
            throw new AdiwException("cannot write " + target + ": " + reason(e), e);
        }
    }

    private static boolean isOfSystem(Path there) throws IOException {
        return there.getParent() != null && there.getParent().toRealPath().startsWith("/proc");
    }

    private static void replace(Path target, Content content) throws IOException {
        makeFolders(target.getParent());
        sweep(target.getParent(), UNTOUCHED);
        Path temporary = temporary(target);
        Set<PosixFilePermission> permissions = permissions(target);
        try {
            try (FileChannel file = create(temporary, permissions != null)) {
                OutputStream out = buffered(Channels.newOutputStream(file));
                content.writeTo(out);
                out.flush();
                handOn(permissions, temporary);
                file.force(true);
            }
            rename(temporary, target);
        } catch (IOException | RuntimeException | Error e) {
            deleteQuietly(temporary);
            throw e;
        }
    }

    private static FileChannel create(Path temporary, boolean closed) throws IOException {
        FileAttribute<?>[] attributes = closed && hasPermissions(temporary)
            ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PRIVATE)} : new FileAttribute<?>[0];
        return FileChannel.open(temporary, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), attributes);
    }

    private static boolean hasPermissions(Path file) {
        return file.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    /** Of a file that is there; else null. */
    private static Set<PosixFilePermission> permissions(Path file) throws IOException {
        return Files.exists(file) && hasPermissions(file) ? Files.getPosixFilePermissions(file) : null;
    }

    /** Not where they are the same anyway, as on a file system that has none of its own, and lets nobody set them. */
    private static void handOn(Set<PosixFilePermission> permissions, Path file) throws IOException {
        if (permissions != null && !permissions.equals(Files.getPosixFilePermissions(file))) {
            Files.setPosixFilePermissions(file, permissions);
        }
    }

    private static void writeAsItIs(Path target, Content content) throws IOException {
        FileDescriptor own = own(target);
        if (own != null) {      // what is printed before and after has the same place to go on from: it is not opened again, and not closed
            OutputStream out = buffered(new FileOutputStream(own));
            content.writeTo(out);
            out.flush();
            return;
        }
        try (OutputStream out = buffered(Files.newOutputStream(target, StandardOpenOption.WRITE, StandardOpenOption.APPEND))) {
            content.writeTo(out);
        }
    }

    /** This process's standard output or error, if it is one of them. */
    private static FileDescriptor own(Path target) throws IOException {
        Path descriptors = Path.of("/proc/self/fd");
        if (!Files.exists(descriptors) || !target.getParent().toRealPath().equals(descriptors.toRealPath())) {
            return null;
        }
        return switch (target.getFileName().toString()) {
            case "1" -> FileDescriptor.out;
            case "2" -> FileDescriptor.err;
            default -> null;
        };
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
            tryFolder(folder);
        } catch (IOException e) {
            throw new AdiwException("cannot write to the folder " + folder + ": " + reason(e), e);
        }
    }

    /** Makes a file in a folder that is there, and deletes it. */
    public static void tryFolder(Path folder) throws IOException {
        Files.delete(Files.createFile(temporary(folder.resolve("adiw"))));
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
     * @param file   in the same file system as {@code target}, unless that is a link; gone afterwards
     * @param target an existing one is replaced, or written to, as by {@link #write}
     */
    public static void moveTo(Path file, Path target) throws IOException {
        Path to = target(target);
        if (to.equals(target.toAbsolutePath()) && isReplaced(to)) {
            handOn(permissions(to), file);
            rename(file, to);
            return;
        }
        Content content = out -> Files.copy(file, out);
        if (isReplaced(to)) {       // perhaps on another disk
            replace(to, content);
        } else {
            writeAsItIs(to, content);
        }
        Files.delete(file);
    }

    private static void rename(Path file, Path target) throws IOException {
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
