package com.example.jackson;

import com.fasterxml.jackson.databind.cfg.PackageVersion;
import io.github.adiw.AdiwException;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.data.SafeTensors.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/** Writes tensors, reads them again, and reads what is broken, with Jackson 2.15. */
public final class OldestJackson {
    private OldestJackson() {}

    /** Fails if Jackson is another one, or the library does not work with it. */
    public static void main(String[] args) throws IOException {
        System.out.println("Jackson " + PackageVersion.VERSION);
        require(PackageVersion.VERSION.getMinorVersion() == 15, "Jackson 2.15 was expected");
        Path file = Files.createTempFile("adiw", ".safetensors");
        try {
            new SafeTensors(Map.of("weight", new Tensor(new int[] {2, 2}, new float[] {1, 2, 3, 4})), Map.of("by", "this program"))
                .write(file);
            SafeTensors read = SafeTensors.read(file);
            require(Arrays.equals(read.tensors().get("weight").values(), new float[] {1, 2, 3, 4}), "the values differ");
            require(read.metadata().equals(Map.of("by", "this program")), "the metadata differ");
            Files.write(file, new byte[] {4, 0, 0, 0, 0, 0, 0, 0, '{', '"', 'a', '"'});
            refused(file);
        } finally {
            Files.delete(file);
        }
    }

    private static void refused(Path file) {
        try {
            SafeTensors.read(file);
        } catch (AdiwException e) {
            System.out.println(e.getMessage());
            return;
        }
        throw new IllegalStateException("a broken file was read");
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }
}
