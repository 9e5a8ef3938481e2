package io.github.adiw.data.table;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files that went wrong in every way: each becomes numbers, or a sentence. */
class CsvFuzzTest {
    private static final String[] GOOD = {
        "age,income\n1.5,-2e3\n2,3\n4.25,8\n",
        ",\"age\",\"region\"\r\n0,\"1.5\",\"north\"\r\n1,\"2\",\"so\"\"uth\"\r\n2,,\"east\"\r\n",
        "alter;größe;ja\n1,5;2,75;true\n3;4,5;false\n?;1;true\n",
        "\ufeffid\ta\tb\nx\t1\t2\ny\t3\tNA\n",
        "1,2,3\n4,5,6\n7,8,9\n"};
    private static final String[] PIECES = {",", ";", "\t", "\"", "\"\"", "\n", "\r\n", "\r", "\n\n", " ", "NA", "NaN", "?", "inf", "-",
        "1e999",
        "1.234,5", "0x1p3", "\0", "\ufeff", "é", "😀", "=", "'", "#", "true", "99999999999999999999", "x", "1,5", "column 0", "Unnamed: 0"};

    @TempDir
    Path folder;

    @Test
    @Timeout(300)
    void fiveThousandMutatedFiles() {
        Random random = new Random(20);
        Read read = new Read(folder).mean();
        Path[] good = new Path[GOOD.length];
        for (int i = 0; i < good.length; i++) {
            good[i] = read.file("good" + i + ".csv", GOOD[i]);
        }
        int readable = 0;
        for (int i = 0; i < 5000; i++) {
            int of = random.nextInt(GOOD.length);
            byte[] bytes = GOOD[of].getBytes(StandardCharsets.UTF_8);
            for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
                bytes = mutated(bytes, random);
            }
            Path path = read.file("m.csv", bytes);
            readable += isRead(read, path, random.nextBoolean() ? path : good[of], bytes) ? 1 : 0;
        }
        assertThat(readable).isBetween(500, 4500);
    }

    private static boolean isRead(Read read, Path train, Path validation, byte[] bytes) {
        try {
            TablePair pair = read.of(train, validation);
            double[] values = Read.values(pair.train());
            assertThat(Arrays.stream(values).allMatch(Double::isFinite)).isTrue();
            assertThat(pair.train().columns()).isEqualTo(pair.encoding().names().size()).isEqualTo(pair.validation().columns());
            TableEncoding saved = TableEncoding.parse(pair.encoding().toJson(), "model");
            try (RowReader reader = saved.open(train, null, notice -> {})) {
                assertThat(Read.values(reader)).containsExactly(values);
            }
            return true;
        } catch (AdiwException | UsageException e) {
            assertThat(e.getMessage()).contains(".csv").hasSizeBetween(30, 1500).doesNotContain("\n", "\r", "null", "Exception");
            return false;
        } catch (RuntimeException | Error e) {
            throw new AssertionError("reading " + Arrays.toString(new String(bytes, StandardCharsets.UTF_8).split("\n")), e);
        }
    }

    private static byte[] mutated(byte[] bytes, Random random) {
        int at = random.nextInt(bytes.length + 1);
        int end = Math.min(bytes.length, at + 1 + random.nextInt(8));
        return switch (random.nextInt(6)) {
            case 0 -> joined(bytes, at, PIECES[random.nextInt(PIECES.length)].getBytes(StandardCharsets.UTF_8), at);
            case 1 -> joined(bytes, at, new byte[0], end);
            case 2 -> joined(bytes, at, PIECES[random.nextInt(PIECES.length)].getBytes(StandardCharsets.UTF_8), end);
            case 3 -> joined(bytes, at, new byte[] {(byte) random.nextInt(256)}, Math.min(bytes.length, at + 1));
            case 4 -> joined(bytes, at, Arrays.copyOfRange(bytes, Math.min(at, end), bytes.length), bytes.length == 0 ? 0 : at);
            default -> lines(bytes, random);
        };
    }

    private static byte[] joined(byte[] bytes, int at, byte[] inserted, int from) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(bytes, 0, at);
        out.writeBytes(inserted);
        out.write(bytes, from, bytes.length - from);
        return out.toByteArray();
    }

    /** A line dropped, doubled or moved. */
    private static byte[] lines(byte[] bytes, Random random) {
        List<String> lines = new ArrayList<>(List.of(new String(bytes, StandardCharsets.ISO_8859_1).split("\n")));
        String line = lines.remove(random.nextInt(lines.size()));
        for (int copies = random.nextInt(3); copies > 0; copies--) {
            lines.add(random.nextInt(lines.size() + 1), line);
        }
        return String.join("\n", lines).getBytes(StandardCharsets.ISO_8859_1);
    }
}
