package io.github.adiw.device;

import java.lang.ref.Cleaner;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a device holds of the system's: memory, recordings, and itself. A Java object stands for each; what is never closed is given back
 * once nothing refers to that object.
 *
 * <p><b>Threads.</b> Memory and recordings of a device that is in use are freed by the thread that it belongs to, when it allocates or
 * records ({@link #releaseForgotten}), so that nothing is freed under a launch. A device that nothing refers to any more, its buffers and
 * graphs included, is shut down by a {@link Cleaner}'s thread: nobody else can be using it.
 */
final class Holdings {
    /** System property: {@code true} keeps where everything was made, for the log to say what was forgotten. */
    static final String TRACE_PROPERTY = "adiw.trace";
    private static final Logger LOG = LoggerFactory.getLogger(Holdings.class);
    private static final int MOST_PLACES = 1000;
    private static final Pattern LIBRARY = Pattern.compile("io\\.github\\.adiw\\.(device|weight|nn|train|data|ratio)\\.");
    private static final Set<List<StackTraceElement>> REPORTED = ConcurrentHashMap.newKeySet();
    private static final AtomicBoolean HINTED = new AtomicBoolean();
    private static Cleaner cleaner;

    /** One of them. Neither it nor its release refers to the object that stands for it. */
    static final class Holding extends PhantomReference<Object> {
        private final String what;
        private final Runnable release;
        private final Throwable made = traced();

        private Holding(Object object, ReferenceQueue<Object> unreachable, String what, Runnable release) {
            super(object, unreachable);
            this.what = what;
            this.release = release;
        }
    }

    private final String device;
    private final Runnable last;
    private final Throwable opened = traced();
    private final Set<Holding> all = new LinkedHashSet<>();
    private final ReferenceQueue<Object> unreachable = new ReferenceQueue<>();
    private Cleaner.Cleanable cleaning;
    private boolean closing;

    /**
     * @param device its name, for the log
     * @param last   releases the device itself; must not refer to the {@link Device}
     */
    Holdings(String device, Runnable last) {
        this.device = device;
        this.last = last;
    }

    private static Throwable traced() {
        return Boolean.getBoolean(TRACE_PROPERTY) ? new Throwable("made here") : null;
    }

    /** From now on everything is given back, at the latest when nothing refers to the device. */
    void cleanWith(Device owner) {
        Cleaner thread = cleaner();
        if (thread != null) {
            cleaning = thread.register(owner, this::shutDown);
        }
    }

    /** Null if the system has no thread left for it: what is forgotten stays then. */
    private static synchronized Cleaner cleaner() {
        try {
            if (cleaner == null) {
                cleaner = Cleaner.create();
            }
        } catch (OutOfMemoryError e) {
            LOG.warn("devices that nobody closes stay open: there is no thread for closing them ({})", e.getMessage());
        }
        return cleaner;
    }

    /**
     * Something that {@code object} stands for.
     *
     * @param what    for the log: {@code a buffer}
     * @param release gives it back; must not refer to {@code object} or the {@link Device}
     */
    Holding hold(Object object, String what, Runnable release) {
        Holding holding = new Holding(object, unreachable, what, release);
        all.add(holding);
        return holding;
    }

    /** Gives it back, unless that has happened. */
    void release(Holding holding) {
        if (all.remove(holding)) {
            holding.clear();
            holding.release.run();
        }
    }

    /** Gives back what nobody closed and nothing refers to any more. */
    void releaseForgotten() {
        for (Reference<?> next = unreachable.poll(); next != null; next = unreachable.poll()) {
            Holding holding = (Holding) next;
            if (all.contains(holding)) {
                report(holding.what + " of " + device, holding.made);
                release(holding);
            }
        }
    }

    /** How many have not been given back. */
    int count() {
        return all.size();
    }

    /** Gives back everything, the latest first, then the device, whatever fails; throws the first failure. */
    void close() {
        closing = true;
        if (cleaning == null) {
            shutDown();
        } else {
            cleaning.clean();       // calls it, once
        }
    }

    private void shutDown() {
        if (!closing) {
            report("the device " + device, opened);
        }
        List<Runnable> steps = new ArrayList<>();
        all.forEach(holding -> steps.add(() -> release(holding)));
        Collections.reverse(steps);
        steps.add(last);
        RuntimeException failure = null;
        for (Runnable step : steps) {
            try {
                step.run();
            } catch (RuntimeException e) {
                failure = failure == null ? e : failure;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private static void report(String what, Throwable made) {
        if (made == null) {
            if (HINTED.compareAndSet(false, true)) {
                LOG.warn("{} was never closed, and is freed now that nothing refers to it; -D{}=true says where such things are made", what,
                    TRACE_PROPERTY);
            }
        } else if (REPORTED.size() < MOST_PLACES && REPORTED.add(callers(made))) {
            LOG.warn("{} was never closed, and is freed now that nothing refers to it", what, made);
        }
    }

    /** The stack from the first method on that is not this library's: what one call of a program makes is reported once. */
    private static List<StackTraceElement> callers(Throwable made) {
        List<StackTraceElement> stack = Arrays.asList(made.getStackTrace());
        int first = 0;
        while (first < stack.size() && LIBRARY.matcher(stack.get(first).getClassName()).lookingAt()) {
            first++;
        }
        return List.copyOf(stack.subList(first, stack.size()));
    }
}
