package io.github.adiw.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Ctrl-C (or a polite kill): asks whatever works to stop, so that what was reached is written; a second one ends the
 * process at once. Signals are handled instead of a shutdown hook, since Java cannot draw the pictures during its shutdown.
 */
final class Interruption {
    /** The exit code of a process that Ctrl-C ended, as shells know it. */
    static final int EXIT_CODE = 130;

    private static final Set<Runnable> STOPS = ConcurrentHashMap.newKeySet();
    private static volatile boolean requested;

    private Interruption() {}

    /** From now on, Ctrl-C stops work in an orderly way; without work in hand it ends the process. */
    static void handle() {
        for (String name : new String[] {"INT", "TERM"}) {
            try {
                handle(name);
            } catch (InvocationTargetException e) {
                // Java was started with -Xrs, or the signal is ignored: then it stays so.
                return;
            } catch (ReflectiveOperationException e) {
                // A Java without jdk.unsupported: there Ctrl-C ends the process.
                return;
            }
        }
    }

    /** By reflection, since the compiler warns of sun.misc.Signal whatever it is told, and there is nothing else for signals. */
    private static void handle(String name) throws ReflectiveOperationException {
        Class<?> signal = Class.forName("sun.misc.Signal");
        Class<?> handler = Class.forName("sun.misc.SignalHandler");
        Object request = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, (proxy, method, arguments) -> {
            request();
            return null;
        });
        signal.getMethod("handle", signal, handler).invoke(null, signal.getConstructor(String.class).newInstance(name), request);
    }

    private static void request() {
        if (requested || STOPS.isEmpty()) {
            Runtime.getRuntime().halt(EXIT_CODE);
        }
        requested = true;
        STOPS.forEach(Runnable::run);
    }

    /** Whether the user asked to stop. */
    static boolean requested() {
        return requested;
    }

    /** Runs {@code work}; an interruption meanwhile runs {@code stop} on another thread. */
    static void during(Runnable work, Runnable stop) {
        STOPS.add(stop);
        try {
            work.run();
        } finally {
            STOPS.remove(stop);
        }
    }
}
