package io.github.adiw.cli;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.data.table.Wording;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
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
     * Checks that no file would be lost that is not this program's.
     *
     * @param names which files in the folder, by their names, results replace or delete
     * @param runs  folders of runs in it, of which one that this program wrote speaks for all
     * @throws UsageException if there are such files, and nothing says so
     * @throws AdiwException  if the folder cannot be read
     */
    static void requireOwn(Path folder, Predicate<Path> names, Path... runs) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> all = Files.list(folder)) {
            List<Path> there = all.map(Path::getFileName).filter(names).sorted().toList();
            if (!there.isEmpty() && !CompareCommand.isOwn(folder) && !RunFolder.isOwn(folder)
                && Arrays.stream(runs).noneMatch(RunFolder::isOwn)) {
                throw UsageException.of("output", folder + " holds " + there.get(0)
                    + (there.size() == 1 ? "" : " and " + (there.size() - 1) + " more with names of results")
                    + ", and nothing says that this program wrote " + (there.size() == 1 ? "it" : "them") + ": choose another folder, or "
                    + "move " + (there.size() == 1 ? "it" : "them") + " away, since results replace what has their names");
            }
        } catch (IOException e) {
            throw new AdiwException("cannot read the folder " + folder + ": " + AtomicFile.reason(e), e);
        }
    }

    /** Whether a file of weights has ids beside them. */
    static boolean isCsv(Path file) {
        return file.toString().toLowerCase(Locale.ROOT).endsWith(".csv");
    }

    /** Of rows that have ids, and a file that takes none. */
    static String withoutIds(Path file) {
        return "The ids are not written: " + file + " holds weights alone, in the order of the rows; a .csv has both.";
    }

    /** What there is to say where several rows have one id. */
    static Optional<String> sharedIds(String[] ids, Path file) {
        String[] sorted = ids.clone();
        Arrays.sort(sorted);
        int shared = 0;
        String first = null;
        for (int i = 0; i < sorted.length; i++) {
            if (i > 0 && sorted[i].equals(sorted[i - 1]) || i + 1 < sorted.length && sorted[i].equals(sorted[i + 1])) {
                first = first == null ? sorted[i] : first;
                shared++;
            }
        }
        return shared == 0 ? Optional.empty()
            : Optional.of(String.format(Locale.ROOT, "%,d of %,d rows share their id with another row (%s, for instance): %s cannot be "
                + "joined by id; its lines are in the order of the rows.", shared, ids.length, Wording.quoted(first), file));
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
}
