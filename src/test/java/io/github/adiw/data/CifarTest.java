package io.github.adiw.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.github.adiw.AdiwException;
import io.github.adiw.data.file.IdxFileTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class CifarTest {
    private static final String ARCHIVE = "cifar-10-binary.tar.gz";

    @TempDir
    Path folder;
    private final RecordingListener listener = new RecordingListener();
    private final List<String> notices = listener.notices;
    private final List<String> progress = listener.progress;

    private static byte[] archive(int train, int test) {
        return CifarFiles.tarGzip("cifar-10-batches-bin", Map.of("batches.meta.txt", new byte[77], "data_batch_1.bin",
            CifarFiles.ten(train, 1), "test_batch.bin", CifarFiles.ten(test, 2), "readme.html", new byte[512]));
    }

    private Cifar.Source source(byte[] published, String... mirrors) {
        return new Cifar.Source(folder.resolve("cache"), List.of(mirrors),
            new Download.Published(ARCHIVE, published.length, LocalServer.sha256(published)), 2000, 20_000);
    }

    @Test
    void readsAsManyTrainingFilesAsAreThereInTheirOrder() throws IOException {
        for (Path place : new Path[] {folder, Files.createDirectories(folder.resolve("below").resolve("cifar-10-batches-bin"))}) {
            Files.write(place.resolve("data_batch_10.bin"), CifarFiles.ten(7, 10));
            Files.write(place.resolve("data_batch_2.bin"), CifarFiles.ten(12, 20));
            Files.write(place.resolve("test_batch.bin"), CifarFiles.ten(5, 30));
            Files.write(place.resolve("data_batch_3.bin.old"), new byte[10]);
        }
        for (Path named : new Path[] {folder, folder.resolve("below")}) {
            Dataset found = Datasets.open("cifar-10", named, listener);
            assertThat(found.name()).isEqualTo("cifar-10");
            assertThat(found.description())
                .startsWith("cifar-10: 19 training and 5 test images of 3 x 32 x 32 in 10 classes, from " + named);
            assertThat(found.train().labels()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 0, 1, 2, 3, 4, 5, 6);
            byte[] second = CifarFiles.ten(12, 20);
            byte[] tenth = CifarFiles.ten(7, 10);
            ImageSet train = (ImageSet) found.train();
            assertThat(Arrays.copyOfRange(train.images(), 3 * 3072, 4 * 3072)).as("behind its label")
                .isEqualTo(Arrays.copyOfRange(second, 3 * 3073 + 1, 4 * 3073));
            assertThat(Arrays.copyOfRange(train.images(), 12 * 3072, 13 * 3072)).isEqualTo(Arrays.copyOfRange(tenth, 1, 3073));
            assertThat(found.classNames()).hasSize(10).startsWith("airplane", "automobile").endsWith("truck");
            assertThat(found.normalization().means()).containsExactly(0.4914f, 0.4822f, 0.4465f);
            assertThat(found.normalization().deviations()).containsExactly(0.2470f, 0.2435f, 0.2616f);
            assertThat(found.sample()).isFalse();
        }
        assertThat(notices).isEmpty();
    }

    @Test
    void ofTheHundredTheFineLabelsCount() throws IOException {
        Path place = Files.createDirectories(folder.resolve("cifar-100-binary"));
        Files.write(place.resolve("train.bin"), CifarFiles.hundred(130, 1));
        Files.write(place.resolve("test.bin"), CifarFiles.hundred(40, 2));
        Dataset found = Datasets.open("cifar-100", folder, listener);
        assertThat(found.classes()).isEqualTo(100);
        assertThat(found.classNames()).doesNotHaveDuplicates().isSorted().startsWith("apple").contains("maple_tree").endsWith("worm");
        assertThat(found.train().labels()[59]).isEqualTo(59);
        assertThat(found.train().labels()[129]).isEqualTo(29);
        assertThat(((ImageSet) found.test()).images()).startsWith(Arrays.copyOfRange(CifarFiles.hundred(40, 2), 2, 100));
        assertThat(TrainingSplit.of(found).validationSamples(10).build().description()).endsWith("samples a class 1 to 2");
        assertThat(found.normalization().means()).containsExactly(0.5071f, 0.4865f, 0.4409f);
        assertThat(found.normalization().deviations()).containsExactly(0.2673f, 0.2564f, 0.2762f);
    }

    @Test
    void anArchiveInTheFolderIsReadAsItIs() throws IOException {
        Files.write(folder.resolve(ARCHIVE), archive(23, 6));
        Dataset found = Cifar.TEN.open(folder, listener);
        assertThat(found.train().count()).isEqualTo(23);
        assertThat(((ImageSet) found.test()).images()).startsWith(Arrays.copyOfRange(CifarFiles.ten(6, 2), 1, 100));
        assertThat(found.source()).isEqualTo(folder.resolve(ARCHIVE).toString());
        assertThat(Cifar.TEN.open(CifarFiles.writeTen(folder.resolve("plain"), 23, 6), listener).identity()).isEqualTo(found.identity());
    }

    @Test
    void whatIsBrokenIsSaid() throws IOException {
        refused(folder.resolve("nowhere"), "nowhere does not exist, and a folder with data_batch_*.bin and test_batch.bin was expected");
        refused(folder, "there is no data_batch_*.bin in " + folder + " or its cifar-10-batches-bin, and no " + ARCHIVE,
            "not the one for Python");
        Path place = CifarFiles.writeTen(folder.resolve("place"), 20, 10);
        refused(place.resolve("test_batch.bin"), "is not a folder");
        byte[] good = Files.readAllBytes(place.resolve("data_batch_1.bin"));
        refusedWith(place, "data_batch_1.bin", Arrays.copyOf(good, good.length - 1),
            "it has 61459 bytes, and a multiple of 3073 was expected",
            "1 label and 32 x 32", "truncated, or no file of CIFAR-10");
        refusedWith(place, "data_batch_1.bin", new byte[0], "it has 0 bytes");
        refusedWith(place, "data_batch_1.bin", CifarFiles.hundred(20, 1), "it has 61480 bytes");
        byte[] label = good.clone();
        label[7 * 3073] = 10;
        refusedWith(place, "data_batch_1.bin", label, "the label of image 7 is 10, and 0 to 9 was expected");
        label[7 * 3073] = -1;
        refusedWith(place, "data_batch_1.bin", label, "the label of image 7 is 255");
        refusedWith(place, "test_batch.bin", null, "there is no test_batch.bin in " + place + ", beside data_batch_1.bin");
        refusedWith(place, "data_batch_1.bin", null, "there is no data_batch_*.bin in " + place + ", beside test_batch.bin");
        Files.delete(place.resolve("data_batch_1.bin"));
        Files.createDirectory(place.resolve("data_batch_1.bin"));
        refused(place, "data_batch_1.bin is a folder, and a file of CIFAR-10 was expected");
        assertThat(notices).isEmpty();
    }

    @Test
    void noImageIsReadTwice() throws IOException {
        Path place = CifarFiles.writeTen(folder.resolve("place"), 20, 10);
        Files.copy(place.resolve("data_batch_1.bin"), place.resolve("data_batch_01.bin"));
        refused(place,
            place + " holds both data_batch_01.bin and data_batch_1.bin, and each part of CIFAR-10 was expected once: leave one");
        Path packed = folder.resolve(ARCHIVE);
        Map<String, byte[]> files = new TreeMap<>(Map.of("data_batch_1.bin", CifarFiles.ten(2, 1), "test_batch.bin",
            CifarFiles.ten(2, 2)));
        files.put("data_batch_01.bin", files.get("data_batch_1.bin"));
        Files.write(packed, CifarFiles.tarGzip("x", files));
        refused(folder, packed + " holds both x/data_batch_01.bin and x/data_batch_1.bin, and each part");
        files.remove("data_batch_01.bin");
        files.put("y/test_batch.bin", files.get("test_batch.bin"));
        Files.write(packed, CifarFiles.tarGzip("x", files));
        refused(folder, packed + " holds both x/test_batch.bin and x/y/test_batch.bin, and each part");
    }

    @Test
    void whatIsBrokenInAnArchiveIsSaid() throws IOException {
        Path packed = folder.resolve(ARCHIVE);
        byte[] good = archive(20, 10);
        Files.write(packed, Arrays.copyOf(good, good.length / 2));
        refused(folder, ARCHIVE + " is broken: it is truncated");
        Files.write(packed, CifarFiles.ten(1, 1));
        refused(folder, ARCHIVE + " is broken: its gzip stream is corrupt");
        Files.write(packed, IdxFileTest.gzip(CifarFiles.ten(1, 1)));
        refused(folder, ARCHIVE + " is no tar archive");
        byte[] flipped = good.clone();
        flipped[flipped.length - 6] ^= 1;
        Files.write(packed, flipped);
        refused(folder, ARCHIVE + " is broken: its gzip stream is corrupt");
        Files.write(packed,
            CifarFiles.tarGzip("cifar-10-batches-py", Map.of("data_batch_1", new byte[3073], "test_batch", new byte[3073])));
        refused(folder, "there is no data_batch_*.bin in " + packed + ": the binary version of CIFAR-10 was expected there");
        Files.write(packed, CifarFiles.tarGzip("x", Map.of("data_batch_1.bin", CifarFiles.ten(2, 1))));
        refused(folder, "there is no test_batch.bin in " + packed);
        Files.write(packed, CifarFiles.tarGzip("x", Map.of("data_batch_1.bin", new byte[3072], "test_batch.bin", new byte[3073])));
        refused(folder, "data_batch_1.bin in " + packed + " is broken: it has 3072 bytes");
    }

    private void refused(Path place, String... parts) {
        assertThatThrownBy(() -> Cifar.TEN.open(place, listener)).isInstanceOf(AdiwException.class).message().contains(parts);
    }

    private void refusedWith(Path place, String name, byte[] content, String... parts) throws IOException {
        byte[] good = Files.readAllBytes(place.resolve(name));
        if (content == null) {
            Files.delete(place.resolve(name));
        } else {
            Files.write(place.resolve(name), content);
        }
        refused(place, parts);
        Files.write(place.resolve(name), good);
    }

    @Test
    void downloadsChecksAndKeeps() throws IOException {
        byte[] published = archive(40, 10);
        HttpServer server = LocalServer.serve(name -> name.equals(ARCHIVE) ? published : null);
        Path kept = folder.resolve("cache").resolve(ARCHIVE);
        try {
            Dataset found = Cifar.TEN.find(source(published, LocalServer.url(server)), listener);
            assertThat(found.train().count()).isEqualTo(40);
            assertThat(found.source()).isEqualTo(kept.toString());
            assertThat(progress).last().asString().isEqualTo(ARCHIVE + " " + published.length + "/" + published.length);
            assertThat(kept).hasBinaryContent(published);
            byte[] broken = published.clone();
            broken[published.length / 2] ^= 1;
            Files.write(kept, broken);
            assertThat(Cifar.TEN.find(source(published, LocalServer.url(server)), listener).train().count()).isEqualTo(40);
            assertThat(notices).singleElement().asString().contains(kept + " is not as published", "looking elsewhere");
            assertThat(kept).hasBinaryContent(published);
        } finally {
            server.stop(0);
        }
        notices.clear();
        assertThat(Cifar.TEN.find(source(published), listener).train().count()).as("without a network").isEqualTo(40);
        assertThat(notices).isEmpty();
    }

    /** As the authors' server does: sent on to another address, and there broken off. */
    @Test
    void goesOnWhereADownloadBrokeOffBehindAnotherAddress() throws IOException {
        byte[] published = archive(40, 10);
        AtomicInteger sent = new AtomicInteger();
        HttpServer server = LocalServer.breakingOff(name -> published, published.length * 2 / 3, sent);
        try {
            Cifar.Source source = source(published, LocalServer.url(server) + "moved/");
            assertThatThrownBy(() -> Cifar.TEN.find(source, listener)).isInstanceOf(AdiwException.class)
                .hasMessageContaining("CIFAR-10 was not found in " + folder.resolve("cache") + ", and cannot download ")
                .hasMessageContaining("bytes are kept, and the next download goes on from there")
                .hasMessageContaining("name the folder that it is in: directory=DIR");
            assertThat(Cifar.TEN.find(source, listener).train().count()).isEqualTo(40);
        } finally {
            server.stop(0);
        }
        assertThat(sent.get()).as("no byte twice").isEqualTo(published.length);
    }

    @Test
    void whatIsNotToBeHadIsSaid() throws IOException {
        byte[] published = archive(4, 2);
        byte[] other = published.clone();
        other[other.length - 1] ^= 1;
        HttpServer server = LocalServer.serve(name -> other);
        try {
            assertThatThrownBy(() -> Cifar.TEN.find(source(published, LocalServer.url(server)), listener)).isInstanceOf(AdiwException.class)
                .hasMessageContaining("its SHA-256 is not");
        } finally {
            server.stop(0);
        }
        assertThatThrownBy(() -> Cifar.TEN.find(source(published), listener)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("no download is wanted: get " + ARCHIVE + " from https://www.cs.toronto.edu/~kriz/ in another way");
        assertThat(folder.resolve("cache").resolve(ARCHIVE)).doesNotExist();
    }
}
