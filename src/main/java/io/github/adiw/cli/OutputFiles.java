package io.github.adiw.cli;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.file.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/** Checks, before any work, that results can be written where they are wanted; leaves nothing behind. */
final class OutputFiles {
    private OutputFiles() {}

    /** @throws UsageException if the name of a file, to read or to write, is empty */
    static void requireName(Path file) {
        if (file.toString().isEmpty()) {
            throw new UsageException("the name of a file is empty: give one, or leave its option out");
        }
    }

    /**
     * @throws UsageException if the name is empty
     * @throws AdiwException if {@code folder} is a file, or can neither be written to nor be made
     */
    static void checkFolder(Path folder) {
        if (folder.toString().isEmpty()) {
            throw new UsageException("the name of the folder to write to is empty: give one, or . for this folder");
        }
        Path existing = folder.toAbsolutePath().normalize();
        while (existing != null && !Files.exists(existing)) {
            existing = existing.getParent();
        }
        if (existing == null || !Files.isDirectory(existing)) {
            throw new AdiwException("cannot write to the folder " + folder + ": " + existing + " is not a folder");
        }
        try {
            AtomicFile.tryFolder(existing);
        } catch (IOException e) {
            throw new AdiwException("cannot write to the folder " + folder + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * @throws UsageException if the name is empty
     * @throws AdiwException if {@code file} is a folder, or its folder can neither be written to nor be made
     */
    static void checkFile(Path file) {
        requireName(file);
        if (Files.isDirectory(file)) {
            throw new AdiwException("cannot write " + file + ": it is a folder, and a file was expected");
        }
        Path target = AtomicFile.target(file);
        if (AtomicFile.isReplaced(target)) {
            checkFolder(target.getParent());
        }
    }

    /**
     * Checks that nothing is overwritten that is read, or written besides.
     *
     * @throws UsageException if two names, one of them in {@code written}, lead to the same file
     */
    static void requireOwn(List<Path> written, List<Path> read) {
        List<Path> all = Stream.concat(written.stream(), read.stream()).map(OutputFiles::place).toList();
        for (Path file : written) {
            if (Collections.frequency(all, place(file)) > 1) {
                throw new UsageException(file + " is named twice: what is written needs a file of its own");
            }
        }
    }

    /** The same for every name of a file. A device or a pipe may be read and written: of that the name. */
    private static Path place(Path file) {
        Path target = AtomicFile.target(file);
        try {
            if (AtomicFile.isReplaced(target)) {
                return Files.exists(target) ? target.toRealPath() : target.getParent().toRealPath().resolve(target.getFileName());
            }
        } catch (IOException e) {
            // Its folder is still to be made.
        }
        return target.normalize();
    }
}
