package io.github.adiw.data;

import java.nio.file.Path;
import java.util.List;

/** Where a data set is looked for that no folder was named for. */
final class UsualPlaces {
    private UsualPlaces() {}

    /**
     * The user's cache of a data set: below $XDG_CACHE_HOME or ~/.cache. The XDG specification says that a relative path there is to be
     * ignored.
     */
    static Path cache(String dataset) {
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path base = xdg != null && xdg.startsWith("/") ? Path.of(xdg) : Path.of(System.getProperty("user.home"), ".cache");
        return base.resolve("adiw").resolve(dataset);
    }

    /**
     * Where to download from.
     *
     * @param property  a system property that replaces the addresses by another; empty: no download
     * @param published addresses that end in a slash
     */
    static List<String> mirrors(String property, List<String> published) {
        String url = System.getProperty(property);
        return url == null ? published : url.isEmpty() ? List.of() : List.of(url);
    }
}
