package io.github.adiw.weight;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The divergences there are: this library's and those that others registered, found by the library's class loader and by the thread's
 * context class loader. Where that one has another copy of the library, what is made for the copy is not for this one, and is passed over.
 */
public final class Divergences {
    private static final Logger LOG = LoggerFactory.getLogger(Divergences.class);

    private Divergences() {}

    /**
     * All of them by name, in alphabetical order.
     *
     * @throws AdiwException if one that is registered cannot be made
     */
    public static Map<String, Divergence> all() {
        Found found = Found.now();
        if (!found.failures.isEmpty()) {
            throw found.failure();
        }
        return found.divergences;
    }

    /**
     * The one of a name, whether others can be made or not.
     *
     * @throws UsageException if there is none of that name; it lists those there are
     * @throws AdiwException  if there is none, and one that is registered cannot be made
     */
    public static Divergence get(String name) {
        UsageException.given("method", name);
        Found found = Found.now();
        Divergence divergence = found.divergences.get(name);
        if (divergence == null && !found.failures.isEmpty()) {
            throw found.failure();
        }
        if (divergence == null) {
            throw UsageException.of("method", "there is no method " + name + ": choose one of "
                + String.join(", ", found.divergences.keySet()));
        }
        return divergence;
    }

    /** @param failures of those that are registered for this library and cannot be made */
    private record Found(Map<String, Divergence> divergences, List<ServiceConfigurationError> failures) {
        static Found now() {
            Found found = new Found(new TreeMap<>(), new ArrayList<>());
            found.add(Divergence.class.getClassLoader());
            ClassLoader context = Thread.currentThread().getContextClassLoader();
            if (context != null && context != Divergence.class.getClassLoader()) {
                found.add(context);
            }
            return found;
        }

        /** A name that is known keeps its divergence. */
        private void add(ClassLoader loader) {
            boolean copy = hasAnotherCopy(loader);
            Iterator<Divergence> providers = ServiceLoader.load(Divergence.class, loader).iterator();
            String failed = null;
            while (true) {
                try {
                    if (!providers.hasNext()) {
                        return;
                    }
                    Divergence divergence = providers.next();
                    divergences.putIfAbsent(divergence.name(), divergence);
                } catch (ServiceConfigurationError e) {
                    if (copy) {
                        LOG.debug("passed over, since {} has another copy of the library: {}", loader, e.getMessage());
                    } else {
                        failures.add(e);
                    }
                    if (e.getMessage().equals(failed)) {
                        return;      // not the next provider, but the same file that cannot be read
                    }
                    failed = e.getMessage();
                }
            }
        }

        private static boolean hasAnotherCopy(ClassLoader loader) {
            try {
                return loader != null && loader.loadClass(Divergence.class.getName()) != Divergence.class;
            } catch (ClassNotFoundException | LinkageError e) {
                return false;
            }
        }

        AdiwException failure() {
            ServiceConfigurationError first = failures.get(0);
            return new AdiwException("a divergence that META-INF/services/io.github.adiw.weight.Divergence names cannot be made: "
                + first.getMessage() + (first.getCause() == null ? "" : " (" + first.getCause() + ")"), first);
        }
    }
}
