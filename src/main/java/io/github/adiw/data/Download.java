package io.github.adiw.data;

import io.github.adiw.AdiwException;
import io.github.adiw.data.file.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Fetches published files into a folder, all of them or none: they have their names there only when the SHA-256 of each is right. What has
 * come of a file stays beside them, {@code NAME.part}, and a later download goes on from there. It ends after a given time, however slowly
 * a server answers; of two downloads into one folder the second waits for the first.
 */
final class Download {
    /** A published file: its name, which is also the end of its address, its size and SHA-256. */
    record Published(String name, long bytes, String sha256) {
    }

    private static final int PIECE = 1 << 16;
    private static final int LOCKED_POLL = 100;

    private final Path folder;
    private final List<String> mirrors;
    private final int patience;
    private final int limit;
    private final DownloadListener listener;
    private long end;

    /**
     * @param folder   where to; made if it is not there. The file that locks it stands beside it
     * @param mirrors  addresses that end in a slash, tried in this order
     * @param patience milliseconds to wait for an answer, and for each further piece: an offline machine should not wait
     * @param limit    milliseconds for all files
     */
    Download(Path folder, List<String> mirrors, int patience, int limit, DownloadListener listener) {
        this.folder = folder;
        this.mirrors = List.copyOf(mirrors);
        this.patience = patience;
        this.limit = limit;
        this.listener = listener;
    }

    /** @throws AdiwException if a file could not be had from any mirror, or not be written */
    void fetch(List<Published> files) {
        end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limit);
        try {
            Files.createDirectories(folder);
            Path lock = folder.resolveSibling(folder.getFileName() + ".lock");
            try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                lock(channel);
                List<Published> missing = files.stream().filter(file -> !isWhole(folder.resolve(file.name), file)).toList();
                for (Published file : missing) {
                    fetch(file);
                }
                for (Published file : missing) {
                    Path target = folder.resolve(file.name);
                    AtomicFile.moveTo(part(file), target);
                    deletePlainTwin(target);
                }
            }
        } catch (IOException e) {
            throw new AdiwException("cannot download to " + folder + ": " + AtomicFile.reason(e), e);
        }
    }

    /** Until the channel is closed. */
    private void lock(FileChannel channel) throws IOException {
        boolean said = false;
        while (true) {
            try {
                if (channel.tryLock() != null) {
                    return;
                }
            } catch (OverlappingFileLockException e) {
                // Held by another thread of this process: waited for as another process is.
            }
            if (!said) {
                listener.notice("waiting for another program that downloads to " + folder);
                said = true;
            }
            millisLeft();
            try {
                Thread.sleep(LOCKED_POLL);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
    }

    private long millisLeft() throws IOException {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0) {
            throw new IOException("not done within " + limit / 1000.0 + " s, the time for a download");
        }
        return left;
    }

    private Path part(Published file) {
        return folder.resolve(file.name + ".part");
    }

    /** Whether a file is there, can be read, and is as published. */
    static boolean isWhole(Path path, Published file) {
        try (FileChannel channel = FileChannel.open(path)) {
            return channel.size() == file.bytes && sha256(channel).equals(file.sha256);
        } catch (IOException e) {
            return false;
        }
    }

    /** A broken plain file would be found before the good compressed one. */
    private static void deletePlainTwin(Path file) throws IOException {
        String name = file.getFileName().toString();
        if (name.endsWith(".gz")) {
            Files.deleteIfExists(file.resolveSibling(name.substring(0, name.length() - ".gz".length())));
        }
    }

    private void fetch(Published file) throws IOException {
        StringBuilder failures = new StringBuilder("cannot download ");
        try (FileChannel part = FileChannel.open(part(file), StandardOpenOption.CREATE, StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
            for (int i = 0; i < mirrors.size(); i++) {
                String address = mirrors.get(i) + file.name;
                try {
                    boolean resumed = part.size() > 0;
                    if (fill(part, file, address) || resumed && fill(part, file, address)) {
                        part.force(true);
                        return;
                    }
                    throw new IOException("it is another file: its SHA-256 is not " + file.sha256);
                } catch (IOException e) {
                    failures.append(i == 0 ? "" : "; nor ").append(address).append(": ").append(AtomicFile.reason(e));
                }
            }
            if (part.size() > 0) {
                failures.append("; ").append(part.size()).append(" of ").append(file.bytes)
                    .append(" bytes are kept, and the next download goes on from there");
            } else {
                Files.deleteIfExists(part(file));
            }
        }
        throw new AdiwException(failures.toString());
    }

    /**
     * Fetches what is missing of a file.
     *
     * @return whether it has the right checksum; if not, it is empty again
     */
    private boolean fill(FileChannel part, Published file, String address) throws IOException {
        if (part.size() > file.bytes) {
            part.truncate(0);
        }
        if (part.size() < file.bytes) {
            append(part, file, address);
        }
        if (sha256(part).equals(file.sha256)) {
            return true;
        }
        part.truncate(0);
        return false;
    }

    private void append(FileChannel part, Published file, String address) throws IOException {
        HttpURLConnection connection = answer(address, part.size());
        try (InputStream in = connection.getInputStream()) {
            if (connection.getResponseCode() == HttpURLConnection.HTTP_OK) {     // from the beginning, whatever was asked for
                part.truncate(0);
            }
            byte[] piece = new byte[PIECE];
            long length = part.position(part.size()).position();
            while (length < file.bytes) {
                connection.setReadTimeout((int) Math.min(patience, millisLeft()));
                int read = in.read(piece, 0, (int) Math.min(piece.length, file.bytes - length));
                if (read < 0) {
                    throw new IOException("it ended after " + length + " of " + file.bytes + " bytes");
                }
                for (ByteBuffer rest = ByteBuffer.wrap(piece, 0, read); rest.hasRemaining();) {
                    part.write(rest);
                }
                length += read;
                listener.progress(file.name, length, file.bytes);
            }
            if (in.read() >= 0) {
                part.truncate(0);
                throw new IOException("it is longer than the " + file.bytes + " bytes expected");
            }
        } finally {
            connection.disconnect();
        }
    }

    /** In a thread of its own: looking up a host's name has no time-out in Java. */
    private HttpURLConnection answer(String address, long from) throws IOException {
        CompletableFuture<HttpURLConnection> answer = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                HttpURLConnection connection = request(address, from);
                if (!answer.complete(connection)) {
                    connection.disconnect();
                }
            } catch (IOException | RuntimeException e) {
                answer.completeExceptionally(e);
            }
        }, "adiw-download");
        thread.setDaemon(true);
        thread.start();
        try {
            return answer.get(Math.min(patience, millisLeft()), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            answer.completeExceptionally(e);
            throw new IOException("no answer within " + patience + " ms", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownHostException) {
                throw new IOException("the host's name is not known; is this machine offline?", e.getCause());
            }
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private HttpURLConnection request(String address, long from) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create(address).toURL().openConnection();
        connection.setConnectTimeout(patience);
        connection.setReadTimeout(patience);
        if (from > 0) {
            connection.setRequestProperty("Range", "bytes=" + from + "-");
        }
        int status = connection.getResponseCode();
        String range = connection.getHeaderField("Content-Range");
        boolean rest = status == HttpURLConnection.HTTP_PARTIAL && from > 0 && range != null && range.startsWith("bytes " + from + "-");
        if (status != HttpURLConnection.HTTP_OK && !rest) {
            connection.disconnect();
            throw new IOException("the server answered with status " + status);
        }
        return connection;
    }

    private static String sha256(FileChannel file) throws IOException {
        MessageDigest digest = Checksums.sha256();
        ByteBuffer piece = ByteBuffer.allocate(PIECE);
        for (long at = 0, read = file.read(piece, 0); read > 0; read = file.read(piece.clear(), at)) {
            at += read;
            digest.update(piece.flip());
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
