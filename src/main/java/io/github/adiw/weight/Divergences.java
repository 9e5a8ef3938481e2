package io.github.adiw.weight;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** The divergences there are: this library's and those that others registered. */
public final class Divergences {
    private Divergences() {}

    /**
     * All of them by name, in alphabetical order.
     *
     * @throws AdiwException if one that is registered cannot be made
     */
    public static Map<String, Divergence> all() {
        Map<String, Divergence> all = new TreeMap<>();
        try {
            for (Divergence divergence : ServiceLoader.load(Divergence.class, Divergence.class.getClassLoader())) {
                all.put(divergence.name(), divergence);
            }
            ClassLoader context = Thread.currentThread().getContextClassLoader();
            if (context != null) {
                for (Divergence divergence : ServiceLoader.load(Divergence.class, context)) {
                    all.putIfAbsent(divergence.name(), divergence);
                }
            }
        } catch (ServiceConfigurationError e) {
            throw new AdiwException("a divergence that META-INF/services/io.github.adiw.weight.Divergence names cannot be made: "
                + e.getMessage() + (e.getCause() == null ? "" : " (" + e.getCause() + ")"), e);
        }
        return all;
    }

    /** @throws UsageException if there is none of that name; it lists those there are */
    public static Divergence get(String name) {
        Map<String, Divergence> all = all();
        Divergence divergence = all.get(UsageException.given("method", name));
        if (divergence == null) {
            throw UsageException.of("method", "there is no method " + name + ": choose one of " + String.join(", ", all.keySet()));
        }
        return divergence;
    }
}
