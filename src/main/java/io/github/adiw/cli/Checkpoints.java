package io.github.adiw.cli;

import io.github.adiw.AdiwException;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.train.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The checkpoints in the folder of a run, {@code checkpoint-STEP.safetensors}: of the run that goes on, the last two. */
final class Checkpoints {
    private static final Pattern NAME = Pattern.compile("checkpoint-(\\d{1,18})\\.safetensors");

    private final Path folder;
    private Path last;

    Checkpoints(Path folder) {
        this.folder = folder;
    }

    /** All that are there, whole or not, the farthest first. */
    List<Path> files() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(file -> step(file) >= 0).sorted(Comparator.comparingLong(Checkpoints::step).reversed()).toList();
        } catch (IOException e) {
            throw new AdiwException("cannot read the folder " + folder + ": " + AtomicFile.reason(e), e);
        }
    }

    /** Whether a file of that name may be deleted. */
    static boolean isName(Path name) {
        return step(name) >= 0;
    }

    private static long step(Path file) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        return name.matches() ? Long.parseLong(name.group(1)) : -1;
    }

    /** The run goes on from this one of the {@link #files}: it is kept until there are two others. */
    void goesOnFrom(Path file) {
        last = file;
    }

    /**
     * Writes one, and deletes all but it and the one before it, those of another run among them; before its first step a run deletes none.
     *
     * @throws AdiwException if it cannot be written; then those before it are as they were
     */
    void write(Checkpoint checkpoint) {
        Path file = folder.resolve("checkpoint-" + checkpoint.step() + ".safetensors");
        checkpoint.write(file);
        Path before = last;
        last = file;
        if (checkpoint.step() == 0) {
            return;
        }
        delete(files().stream().filter(there -> !there.equals(file) && !there.equals(before)).toList());
    }

    /** Deletes all. */
    void clear() {
        clear(file -> true);
    }

    /** Deletes some. */
    void clear(Predicate<Path> which) {
        delete(files().stream().filter(which).toList());
    }

    private static void delete(List<Path> files) {
        for (Path file : files) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                throw new AdiwException("cannot delete " + file + ": " + AtomicFile.reason(e), e);
            }
        }
    }
}
