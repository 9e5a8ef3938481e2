package io.github.adiw.cli;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.file.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The files that one call names. One that is written may be no other that is read or written, nor one of those that become results in a
 * folder. Links are followed: one file is one file by whichever way it is named. Devices and pipes, which nothing replaces, do not count.
 */
final class NamedFiles {
    /** Links that lead to links; more are taken to lead in a circle. */
    private static final int MOST_LINKS = 40;

    private final List<Path> read = new ArrayList<>();
    private final List<Path> written = new ArrayList<>();
    private final List<Results> results = new ArrayList<>();

    /** A folder, and which paths below it, relative to it, are written to. */
    private record Results(Path folder, Predicate<Path> names) {}

    /** Adds files that are read; null is none. */
    NamedFiles reads(Path... files) {
        add(read, files);
        return this;
    }

    /** Adds files that are written; null is none. What is read and written back is named here alone. */
    NamedFiles writes(Path... files) {
        add(written, files);
        return this;
    }

    /** @param names whether a path relative to {@code folder} is one of its results */
    NamedFiles results(Path folder, Predicate<Path> names) {
        results.add(new Results(folder, names));
        return this;
    }

    private static void add(List<Path> to, Path... files) {
        for (Path file : files) {
            if (file != null && (!Files.exists(file) || Files.isRegularFile(file) || Files.isDirectory(file))) {
                to.add(file);
            }
        }
    }

    /**
     * @throws UsageException if a file that is written has a second part
     * @throws AdiwException  if a folder of results cannot be read
     */
    void requireDistinct() {
        List<Set<Path>> seen = new ArrayList<>();
        read.forEach(file -> seen.add(places(file)));
        for (Path file : written) {
            Set<Path> places = places(file);
            if (seen.stream().anyMatch(other -> !Collections.disjoint(other, places))) {
                throw new UsageException(file + " is named twice: what is written needs a file of its own");
            }
            seen.add(places);
        }
        for (Results folder : results) {
            Path place = place(folder.folder, MOST_LINKS);
            List<Path> there = there(folder);
            for (List<Path> files : List.of(read, written)) {
                for (Path file : files) {
                    if (places(file).stream()
                        .anyMatch(at -> isResult(at, place, folder.names) || there.stream().anyMatch(at::startsWith))) {
                        throw new UsageException(file + " is named twice: what is written needs a file of its own, and results go to "
                            + "that place in the folder " + folder.folder);
                    }
                }
            }
        }
    }

    /** Whether a file is a result, or is where the folder has to be. */
    private static boolean isResult(Path file, Path folder, Predicate<Path> names) {
        return folder.startsWith(file) ? !Files.isDirectory(file) : file.startsWith(folder) && names.test(folder.relativize(file));
    }

    /** Where what has the names of results is, if it is there: links among them are written through. */
    private static List<Path> there(Results results) {
        if (!Files.isDirectory(results.folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(results.folder)) {
            return all.filter(entry -> results.names.test(entry.getFileName())).map(entry -> place(entry, MOST_LINKS)).toList();
        } catch (IOException e) {
            throw new AdiwException("cannot read the folder " + results.folder + ": " + AtomicFile.reason(e), e);
        }
    }

    /** Where a file is, and, if it is a link, where the link is. */
    private static Set<Path> places(Path file) {
        Path full = file.toAbsolutePath();
        Set<Path> places = new HashSet<>(Set.of(place(full, MOST_LINKS)));
        Path name = full.getFileName();
        if (name != null && !name.toString().equals("..") && !name.toString().equals(".")) {
            places.add(place(full.getParent(), MOST_LINKS).resolve(name));
        }
        return places;
    }

    /** Without links, also of what is not there yet. */
    private static Path place(Path file, int links) {
        Path full = file.toAbsolutePath();
        try {
            return full.toRealPath();
        } catch (IOException e) {
            if (links > 0 && Files.isSymbolicLink(full)) {
                try {
                    return place(full.resolveSibling(Files.readSymbolicLink(full)), links - 1);
                } catch (IOException unreadable) {
                    return full.normalize();
                }
            }
            Path parent = full.getParent();
            return parent == null ? full : place(parent, links).resolve(Objects.requireNonNull(full.getFileName())).normalize();
        }
    }
}
