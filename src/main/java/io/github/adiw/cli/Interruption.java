package io.github.adiw.cli;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/**
 * Ctrl-C (or a polite kill): asks whatever works to stop, and keeps the process alive until what was reached is written,
 * for at most a minute.
 */
final class Interruption {
    private static final Set<Runnable> STOPS = ConcurrentHashMap.newKeySet();
    private static volatile boolean requested;

    private Interruption() { }

    /** Runs the whole command line, so that an interruption waits for its end. */
    static int guard(IntSupplier work) {
        CountDownLatch ended = new CountDownLatch(1);
        Thread hook = new Thread(() -> {
            if (ended.getCount() > 0) {
                requested = true;
                STOPS.forEach(Runnable::run);
                try {
                    ended.await(1, TimeUnit.MINUTES);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }, "adiw-interruption");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            return work.getAsInt();
        } finally {
            ended.countDown();
        }
    }

    /** Whether the user asked to stop. */
    static boolean requested() {
        return requested;
    }

    /** Runs {@code work}; an interruption meanwhile runs {@code stop} on another thread. */
    static void during(Runnable work, Runnable stop) {
        STOPS.add(stop);
        try {
            if (requested) {
                stop.run();
            }
            work.run();
        } finally {
            STOPS.remove(stop);
        }
    }
}
