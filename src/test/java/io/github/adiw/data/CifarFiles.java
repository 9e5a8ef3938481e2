package io.github.adiw.data;

import io.github.adiw.data.file.IdxFileTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;

/** Small files in the format of CIFAR's binary version. */
public final class CifarFiles {
    private CifarFiles() {}

    /** So many records of CIFAR-10: label i modulo 10, random values. */
    public static byte[] ten(int count, long seed) {
        return records(1, 10, count, seed);
    }

    /** So many records of CIFAR-100: coarse label i modulo 20, fine label i modulo 100, random values. */
    public static byte[] hundred(int count, long seed) {
        return records(2, 100, count, seed);
    }

    private static byte[] records(int labels, int classes, int count, long seed) {
        Random random = new Random(seed);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] image = new byte[3072];
        for (int i = 0; i < count; i++) {
            if (labels == 2) {
                out.write(i % 20);
            }
            out.write(i % classes);
            random.nextBytes(image);
            out.writeBytes(image);
        }
        return out.toByteArray();
    }

    /** Writes a small CIFAR-10 into a folder: one training file and the test file. */
    public static Path writeTen(Path folder, int train, int test) throws IOException {
        Files.createDirectories(folder);
        Files.write(folder.resolve("data_batch_1.bin"), ten(train, 1));
        Files.write(folder.resolve("test_batch.bin"), ten(test, 2));
        return folder;
    }

    /** An archive of files by their names, as the published ones: their folder first, which is an entry of its own. */
    static byte[] tarGzip(String folder, Map<String, byte[]> files) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        entry(out, folder + "/", '5', new byte[0]);
        entry(out, "a comment of a later format", 'x', "22 comment=is no file\n".getBytes(StandardCharsets.US_ASCII));
        files.forEach((name, content) -> entry(out, folder + "/" + name, '0', content));
        out.writeBytes(new byte[1024]);
        return IdxFileTest.gzip(out.toByteArray());
    }

    private static void entry(ByteArrayOutputStream out, String name, char type, byte[] content) {
        byte[] header = new byte[512];
        put(header, 0, name);
        put(header, 100, "0000644\0");
        put(header, 124, String.format("%011o\0", content.length));
        put(header, 136, "00000000000\0");
        put(header, 148, "        ");
        header[156] = (byte) type;
        put(header, 257, "ustar\00000");
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        put(header, 148, String.format("%06o\0 ", sum));
        out.writeBytes(header);
        out.writeBytes(content);
        out.writeBytes(new byte[Math.floorMod(-content.length, 512)]);
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }
}
