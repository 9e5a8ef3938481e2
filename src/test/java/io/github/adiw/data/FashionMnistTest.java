package io.github.adiw.data;

import static io.github.adiw.data.LocalServer.serve;
import static io.github.adiw.data.LocalServer.sha256;
import static io.github.adiw.data.LocalServer.url;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.github.adiw.data.LocalServer.Served;
import io.github.adiw.data.file.IdxFileTest;
import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class FashionMnistTest {
    private static final String[] NAMES = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte"};

    @TempDir
    Path folder;
    private final RecordingListener listener = new RecordingListener();
    private final List<String> notices = listener.notices;
    private final List<String> progress = listener.progress;

    /** Four small files in the right format, by name without .gz; the seed makes them differ. */
    private static Map<String, byte[]> files(int train, int test, int seed) {
        Random random = new Random(seed);
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (int part = 0; part < 2; part++) {
            int count = part == 0 ? train : test;
            byte[] images = new byte[count * 784];
            random.nextBytes(images);
            byte[] labels = new byte[count];
            for (int i = 0; i < count; i++) {
                labels[i] = (byte) (i % 10);
            }
            files.put(NAMES[2 * part], IdxFileTest.idx(0x803, images, count, 28, 28));
            files.put(NAMES[2 * part + 1], IdxFileTest.idx(0x801, labels, count));
        }
        return files;
    }

    private Path place(String name, Map<String, byte[]> files, boolean gzip) throws IOException {
        Path place = Files.createDirectories(folder.resolve(name));
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Files.write(place.resolve(file.getKey() + (gzip ? ".gz" : "")),
                gzip ? IdxFileTest.gzip(file.getValue()) : file.getValue());
        }
        return place;
    }

    private FashionMnist.Search search(String url, List<FashionMnist.Published> published) {
        return search(url.isEmpty() ? List.of() : List.of(url), published, 20_000);
    }

    private FashionMnist.Search search(List<String> mirrors, List<FashionMnist.Published> published, int limit) {
        return new FashionMnist.Search(folder.resolve("cache"), folder.resolve("system"), mirrors, published, 2000, limit);
    }

    private static List<FashionMnist.Published> published(Map<String, byte[]> files) {
        List<FashionMnist.Published> list = new ArrayList<>();
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            byte[] zipped = IdxFileTest.gzip(file.getValue());
            list.add(new FashionMnist.Published(file.getKey(), zipped.length, sha256(zipped), sha256(file.getValue())));
        }
        return list;
    }

    @Test
    void theSampleIsATrueBalancedSubsetThatSaysWhatItIs() throws IOException {
        Dataset sample = FashionMnist.sample();
        assertThat(sample.sample()).isTrue();
        assertThat(sample.description()).contains("embedded SAMPLE, not the whole data set", "11,500 training", "2,200 test");
        assertThat(sample.train().classCounts(10)).containsOnly(1150);
        assertThat(sample.test().classCounts(10)).containsOnly(220);
        assertThat(sample.classNames()).hasSize(10).startsWith("T-shirt/top");
        try (var licence = FashionMnist.class.getResourceAsStream("fashion-mnist-sample/LICENSE.txt")) {
            assertThat(new String(licence.readAllBytes(), StandardCharsets.UTF_8)).contains("The MIT License", "Zalando SE");
        }
        Path debian = Path.of(FashionMnist.DEBIAN);
        if (Files.isDirectory(debian)) {
            Dataset whole = FashionMnist.open(debian, listener);
            assertThat(whole.train().count()).isEqualTo(60_000);
            assertThat(whole.test().count()).isEqualTo(10_000);
            assertThat(whole.description()).startsWith("fashion-mnist: 60,000 training").contains(FashionMnist.DEBIAN);
            assertThat(notices).isEmpty();
            assertThat(subset((ImageSet) sample.train(), (ImageSet) whole.train())).isTrue();
            assertThat(subset((ImageSet) sample.test(), (ImageSet) whole.test())).isTrue();
        }
    }

    /** In the same order, with the same label. */
    private static boolean subset(ImageSet part, ImageSet whole) {
        int next = 0;
        for (int i = 0; i < part.count(); i++) {
            int at = i * 784;
            while (next < whole.count() && !(part.labels()[i] == whole.labels()[next] && Arrays.equals(part.images(),
                at, at + 784, whole.images(), next * 784, next * 784 + 784))) {
                next++;
            }
            if (next++ == whole.count()) {
                return false;
            }
        }
        return true;
    }

    @Test
    void looksInTheCacheThenWhereTheSystemPutsIt() throws Exception {
        Path system = place("system", files(20, 10, 1), true);
        Dataset fromSystem = search("", published(files(20, 10, 1))).find(listener);
        assertThat(fromSystem.source()).isEqualTo(system.toString());
        assertThat(fromSystem.train().count()).isEqualTo(20);
        assertThat(fromSystem.sample()).isFalse();
        Path cache = place("cache", files(30, 10, 2), false);
        Dataset fromCache = search("", published(files(30, 10, 2))).find(listener);
        assertThat(fromCache.source()).isEqualTo(cache.toString());
        assertThat(((ImageSet) fromCache.train()).images()).startsWith(Arrays.copyOfRange(files(30, 10, 2).get(NAMES[0]), 16, 100));
        assertThat(notices).isEmpty();
    }

    @Test
    void saysSoAndGoesOnWhenAUsualPlaceIsBroken() throws Exception {
        place("system", files(20, 10, 1), true);
        Path cache = place("cache", files(30, 10, 2), false);
        Files.write(cache.resolve(NAMES[0]), new byte[50]);
        assertThat(search("", published(files(20, 10, 1))).find(listener).train().count()).isEqualTo(20);
        assertThat(notices).singleElement().asString().contains(NAMES[0], "magic number", "looking elsewhere");
    }

    @Test
    void downloadsChecksAndKeeps() throws Exception {
        Map<String, byte[]> files = files(20, 10, 3);
        HttpServer server = serve(name -> IdxFileTest.gzip(files.get(name.replace(".gz", ""))));
        try {
            Files.createDirectories(folder.resolve("cache"));
            Files.write(folder.resolve("cache").resolve(NAMES[0]), new byte[10]);
            Dataset found = search(url(server), published(files)).find(listener);
            assertThat(found.sample()).isFalse();
            assertThat(found.source()).isEqualTo(folder.resolve("cache").toString());
            assertThat(found.train().count()).isEqualTo(20);
            assertThat(progress).hasSizeGreaterThanOrEqualTo(4);
            assertThat(progress.get(0)).startsWith(NAMES[0] + ".gz ");
        } finally {
            server.stop(0);
        }
        notices.clear();
        assertThat(search(url(server), published(files)).find(listener).train().count()).isEqualTo(20);
        assertThat(notices).isEmpty();
        try (var kept = Files.list(folder.resolve("cache"))) {
            assertThat(kept.map(p -> p.getFileName().toString())).containsExactlyInAnyOrder(
                NAMES[0] + ".gz", NAMES[1] + ".gz", NAMES[2] + ".gz", NAMES[3] + ".gz");
        }
    }

    @Test
    void keepsNothingOfADownloadThatIsWrong() throws Exception {
        Map<String, byte[]> files = files(20, 10, 3);
        List<FashionMnist.Published> published = published(files);
        Map<String, Served> wrong = new LinkedHashMap<>();
        wrong.put("its SHA-256 is not", name -> {
            byte[] content = IdxFileTest.gzip(files.get(name.replace(".gz", "")));
            content[content.length - 1] ^= (byte) (name.startsWith("t10k-labels") ? 1 : 0);
            return content;
        });
        wrong.put("it ended after 5 of", name -> new byte[5]);
        wrong.put("it is longer than", name -> new byte[100_000]);
        wrong.put("status 404", name -> null);
        for (Map.Entry<String, Served> entry : wrong.entrySet()) {
            notices.clear();
            HttpServer server = serve(entry.getValue());
            try {
                assertThat(search(url(server), published).find(listener).sample()).isTrue();
            } finally {
                server.stop(0);
            }
            assertThat(notices).hasSize(2);
            assertThat(notices.get(0)).contains("cannot download " + url(server), entry.getKey());
            assertThat(notices.get(1)).contains("embedded sample of 11500 training and 2200 test images");
            assertThat(kept()).as("under its name").allMatch(name -> name.endsWith(".part"));
            assertThat(kept()).as("what is wrong").doesNotContain("t10k-labels-idx1-ubyte.gz.part");
            for (String name : kept()) {
                Files.delete(folder.resolve("cache").resolve(name));
            }
        }
    }

    private List<String> kept() throws IOException {
        try (var kept = Files.list(folder.resolve("cache"))) {
            return kept.map(p -> p.getFileName().toString()).sorted().toList();
        }
    }

    private static HttpServer breakingOff(Map<String, byte[]> files, int after, AtomicInteger sent) throws IOException {
        return LocalServer.breakingOff(name -> IdxFileTest.gzip(files.get(name.replace(".gz", ""))), after, sent);
    }

    @Test
    void goesOnWhereADownloadBrokeOff() throws Exception {
        Map<String, byte[]> files = files(20, 10, 3);
        List<FashionMnist.Published> published = published(files);
        AtomicInteger sent = new AtomicInteger();
        HttpServer server = breakingOff(files, 9_000, sent);
        try {
            assertThat(search(url(server), published).find(listener).sample()).isTrue();
            assertThat(notices.get(0)).contains("bytes are kept, and the next download goes on from there");
            assertThat(kept()).containsExactly("train-images-idx3-ubyte.gz.part");
            assertThat(search(url(server), published).find(listener).train().count()).as("two pieces make the largest file").isEqualTo(20);
        } finally {
            server.stop(0);
        }
        assertThat(sent.get()).as("no byte twice").isEqualTo(published.stream().mapToInt(file -> (int) file.zipped().bytes()).sum());
        assertThat(kept()).containsExactlyInAnyOrder(NAMES[0] + ".gz", NAMES[1] + ".gz", NAMES[2] + ".gz", NAMES[3] + ".gz");
    }

    @Test
    void aPartThatIsRubbishIsFetchedAnew() throws Exception {
        Map<String, byte[]> files = files(20, 10, 3);
        Path cache = Files.createDirectories(folder.resolve("cache"));
        Files.write(cache.resolve(NAMES[0] + ".gz.part"), new byte[700]);
        Files.write(cache.resolve(NAMES[2] + ".gz.part"), new byte[1_000_000]);
        HttpServer server = breakingOff(files, Integer.MAX_VALUE, new AtomicInteger());
        try {
            assertThat(search(url(server), published(files)).find(listener).train().count()).isEqualTo(20);
        } finally {
            server.stop(0);
        }
        assertThat(notices).isEmpty();
        assertThat(kept()).hasSize(4).noneMatch(name -> name.endsWith(".part"));
    }

    @Test
    void theSecondMirrorServesWhereTheFirstDoesNot() throws Exception {
        Map<String, byte[]> files = files(20, 10, 3);
        HttpServer rubbish = serve(name -> "<html>log in to this network first</html>".repeat(1000).getBytes(StandardCharsets.UTF_8));
        HttpServer good = serve(name -> IdxFileTest.gzip(files.get(name.replace(".gz", ""))));
        try {
            assertThat(search(List.of(url(rubbish), url(good)), published(files), 20_000).find(listener).train().count()).isEqualTo(20);
            assertThat(notices).isEmpty();
        } finally {
            rubbish.stop(0);
            good.stop(0);
        }
    }

    @Test
    @Timeout(120)
    void aServerThatDripsIsLeftWhenTheTimeIsOver() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 26421880);
            try (OutputStream out = exchange.getResponseBody()) {
                for (int i = 0;; i++) {     // a byte well within the patience for one, without an end
                    out.write(i);
                    out.flush();
                    Thread.sleep(100);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        server.start();
        try {
            assertThat(search(List.of(url(server)), FashionMnist.FILES, 1000).find(listener).sample()).isTrue();
            assertThat(notices.get(0)).contains("cannot download " + url(server), "not done within 1.0 s", "bytes are kept");
        } finally {
            server.stop(0);
            ((ExecutorService) server.getExecutor()).shutdownNow();
        }
    }

    @Test
    void twoDownloadsShareTheWork() throws Exception {
        Map<String, byte[]> files = files(20, 10, 3);
        List<FashionMnist.Published> published = published(files);
        AtomicInteger sent = new AtomicInteger();
        HttpServer server = breakingOff(files, Integer.MAX_VALUE, sent);
        try {
            DownloadListener silent = DownloadListener.SILENT;
            List<CompletableFuture<Dataset>> found = Stream.of(1, 2, 3)
                .map(i -> CompletableFuture.supplyAsync(() -> search(url(server), published).find(silent))).toList();
            for (CompletableFuture<Dataset> one : found) {
                assertThat(one.get().train().count()).isEqualTo(20);
            }
        } finally {
            server.stop(0);
        }
        assertThat(sent.get()).isEqualTo(published.stream().mapToInt(file -> (int) file.zipped().bytes()).sum());
    }

    @Test
    void otherDataInTheCacheAreNotTakenForIt() throws Exception {
        Map<String, byte[]> files = files(20, 10, 3);
        Map<String, byte[]> wrongPair = new LinkedHashMap<>(files);
        wrongPair.put(NAMES[2], files(20, 10, 4).get(NAMES[2]));
        place("cache", wrongPair, true);
        HttpServer server = serve(name -> IdxFileTest.gzip(files.get(name.replace(".gz", ""))));
        try {
            Dataset found = search(url(server), published(files)).find(listener);
            assertThat(found.name()).isEqualTo("fashion-mnist");
            assertThat(((ImageSet) found.test()).images()).startsWith(Arrays.copyOfRange(files.get(NAMES[2]), 16, 100));
            assertThat(notices).singleElement().asString().contains("cache holds other data than Fashion-MNIST", NAMES[2], "elsewhere")
                .doesNotContain(NAMES[0]);
        } finally {
            server.stop(0);
        }
    }

    @Test
    void otherDataInAFolderRunUnderTheirOwnName() throws Exception {
        Map<String, byte[]> files = files(20, 10, 3);
        Path place = place("mnist", files, true);
        Dataset genuine = search("", published(files)).read(place, listener);
        assertThat(genuine.name()).isEqualTo("fashion-mnist");
        assertThat(genuine.classNames()).contains("Sneaker");
        assertThat(notices).isEmpty();
        Dataset other = FashionMnist.open(place, listener);
        assertThat(other.name()).isEqualTo("idx:mnist");
        assertThat(other.identity()).startsWith("idx:mnist, 20 + 10");
        assertThat(other.classNames()).containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
        assertThat(notices).singleElement().asString().contains("holds other data than Fashion-MNIST", NAMES[0], "its name is idx:mnist");
    }

    @Test
    @Timeout(120)
    void doesNotWaitForASilentServerOrAnUnknownHost() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            assertThat(search("http://127.0.0.1:" + silent.getLocalPort() + "/", FashionMnist.FILES).find(listener).sample())
                .isTrue();
            assertThat(notices.get(0)).contains("cannot download");
        }
        assertThat(search("http://nowhere.invalid/", FashionMnist.FILES).find(listener).sample()).isTrue();
        assertThat(search("not an address/", FashionMnist.FILES).find(listener).sample()).isTrue();
        assertThat(notices).hasSize(6).allMatch(n -> n.contains("cannot download") || n.contains("embedded sample"));
    }

    @Test
    void anExplicitFolderIsFinal() throws IOException {
        Path missing = folder.resolve("missing");
        assertThatThrownBy(() -> FashionMnist.open(missing, listener)).isInstanceOf(AdiwException.class)
            .hasMessageContaining(missing + " does not exist");
        Path place = place("place", files(20, 10, 1), true);
        assertThat(Datasets.open("fashion-mnist", place, listener).source()).isEqualTo(place.toString());
        refused(place, "t10k-labels-idx1-ubyte.gz", null, "there is no t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz");
        refused(place, "train-images-idx3-ubyte.gz", IdxFileTest.idx(0x803, new byte[19 * 784], 19, 28, 28),
            "has 19 images, and");
        refused(place, "train-images-idx3-ubyte.gz", IdxFileTest.idx(0x803, new byte[20 * 32], 20, 4, 8), "images of 4 x 8");
        refused(place, "train-images-idx3-ubyte.gz", IdxFileTest.idx(0x801, new byte[20], 20), "magic number");
        byte[] labels = new byte[20];
        labels[7] = 10;
        refused(place, "train-labels-idx1-ubyte.gz", IdxFileTest.idx(0x801, labels, 20), "label 7 is 10, and 0 to 9");
        labels[7] = -1;
        refused(place, "train-labels-idx1-ubyte.gz", IdxFileTest.idx(0x801, labels, 20), "label 7 is 255, and 0 to 9");
        assertThat(FashionMnist.open(place, listener).test().count()).isEqualTo(10);
        assertThatThrownBy(() -> Datasets.open("cifar", place, listener)).isInstanceOf(UsageException.class)
            .hasMessageContaining("'cifar'").hasMessageContaining("known: fashion-mnist, cifar-10, cifar-100");
        assertThat(notices).as("none of a place that was looked in besides").hasSize(2).allMatch(n -> n.contains("idx:place"));
    }

    private void refused(Path place, String name, byte[] content, String reason) throws IOException {
        Path file = place.resolve(name);
        byte[] good = Files.readAllBytes(file);
        if (content == null) {
            Files.delete(file);
        } else {
            Files.write(file, content);
        }
        assertThatThrownBy(() -> FashionMnist.open(place, listener)).isInstanceOf(AdiwException.class)
            .hasMessageContaining(name.replace(".gz", "")).hasMessageContaining(reason);
        Files.write(file, good);
    }
}
