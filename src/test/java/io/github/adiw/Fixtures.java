package io.github.adiw;

import java.net.URISyntaxException;
import java.nio.file.Path;

/** Files of {@code src/test/resources/fixtures}, found beside the test classes, wherever these lie. */
public final class Fixtures {
    /** The tag of tests that read or build the source tree, and so run in it alone. */
    public static final String SOURCE_TREE = "source-tree";

    private Fixtures() {}

    /** A file or folder by its path below {@code fixtures}. */
    public static Path path(String name) {
        try {
            return Path.of(Fixtures.class.getResource("/fixtures/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
