package io.github.adiw.device;

import io.github.adiw.UsageException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Function;

/**
 * What an object owns: resources are closed in the reverse of the order in which they were kept, and also if the constructor of their owner
 * fails.
 *
 * <pre>{@code
 * static Layer create(Device device, int rows) {
 *     return Scope.building(scope -> new Layer(scope, device, rows));
 * }
 *
 * private Layer(Scope scope, Device device, int rows) {
 *     this.scope = scope;
 *     output = scope.keep(device.allocate(ElementType.FLOAT32, rows));
 *     next = scope.keep(Layer.create(device, rows));      // if this throws, output is freed
 * }
 *
 * public void close() {
 *     scope.close();
 * }
 * }</pre>
 */
public final class Scope implements AutoCloseable {
    private final Deque<AutoCloseable> resources = new ArrayDeque<>();

    private Scope() {}

    /** A new scope, for resources that end with a block: {@code try (Scope scope = Scope.open())}. */
    public static Scope open() {
        return new Scope();
    }

    /**
     * What {@code construct} makes of a new scope, which is closed again if it throws.
     *
     * @param construct calls a constructor that {@linkplain #keep keeps} in the scope whatever it opens, and keeps the scope itself
     */
    public static <T> T building(Function<Scope, T> construct) {
        UsageException.given("construct", construct);
        Scope scope = new Scope();
        try {
            return construct.apply(scope);
        } catch (RuntimeException | Error e) {
            try {
                scope.close();
            } catch (RuntimeException f) {
                e.addSuppressed(f);
            }
            throw e;
        }
    }

    /** {@code resource}, which is closed with this. */
    public <T extends AutoCloseable> T keep(T resource) {
        resources.push(UsageException.given("resource", resource));
        return resource;
    }

    /**
     * Closes everything that was kept, the latest first, whatever fails. A second call does nothing.
     *
     * @throws IllegalStateException if a resource could not be closed: the first one's failure
     */
    @Override
    public void close() {
        RuntimeException failure = null;
        while (!resources.isEmpty()) {
            try {
                resources.pop().close();
            } catch (RuntimeException e) {
                failure = failure == null ? e : failure;
            } catch (Exception e) {
                failure = failure == null ? new IllegalStateException("a resource of the device could not be released", e) : failure;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
