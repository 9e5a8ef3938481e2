package io.github.adiw.cli;

import io.github.adiw.AdiwException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Ctrl-C, a polite kill, or a terminal that is closed: asks whatever works to stop, so that what was reached is written; a second one ends
 * the process at once. Signals are handled instead of a shutdown hook, since Java cannot draw the pictures during its shutdown.
 */
final class Interruption {
    /** The signals by their numbers; a process that one ended has the exit code 128 + its number, as shells know it. */
    private static final Map<String, Integer> SIGNALS = Map.of("HUP", 1, "INT", 2, "TERM", 15);

    private static final Set<Runnable> STOPS = ConcurrentHashMap.newKeySet();
    private static volatile int exitCode;

    /** Work that was asked to stop, and ended without a result; the message says what became of it. */
    static final class StoppedException extends AdiwException {
        private static final long serialVersionUID = 1;

        StoppedException(String message) {
            super(message);
        }

        StoppedException(AdiwException ended) {
            super(ended.getMessage(), ended);
        }
    }

    private Interruption() {}

    /** From now on, these signals stop work in an orderly way; without work in hand it ends the process. */
    static void handle() {
        for (Map.Entry<String, Integer> known : SIGNALS.entrySet()) {
            try {
                handle(known.getKey(), 128 + known.getValue());
            } catch (InvocationTargetException e) {
                // Java was started with -Xrs, or the signal is ignored: then it stays so.
                return;
            } catch (ReflectiveOperationException e) {
                // A Java without jdk.unsupported: there a signal ends the process.
                return;
            }
        }
    }

    /** By reflection, since the compiler warns of sun.misc.Signal whatever it is told, and there is nothing else for signals. */
    private static void handle(String name, int code) throws ReflectiveOperationException {
        Class<?> signal = Class.forName("sun.misc.Signal");
        Class<?> handler = Class.forName("sun.misc.SignalHandler");
        Object request = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, (proxy, method, arguments) -> {
            request(code);
            return null;
        });
        signal.getMethod("handle", signal, handler).invoke(null, signal.getConstructor(String.class).newInstance(name), request);
    }

    private static synchronized void request(int code) {
        if (exitCode != 0 || STOPS.isEmpty()) {
            Runtime.getRuntime().halt(code);
        }
        exitCode = code;
        STOPS.forEach(Runnable::run);
    }

    /** Whether the user asked to stop. */
    static boolean requested() {
        return exitCode != 0;
    }

    /** The exit code of a command that ended with {@code code}: that of the signal which stopped it, unless it failed. */
    static int exitCode(int code) {
        return code == 0 ? exitCode : code;
    }

    /** Runs {@code work}; an interruption meanwhile runs {@code stop} on another thread, an earlier one on this. */
    static void during(Runnable work, Runnable stop) {
        STOPS.add(stop);
        try {
            if (requested()) {
                stop.run();
            }
            work.run();
        } finally {
            STOPS.remove(stop);
        }
    }
}
