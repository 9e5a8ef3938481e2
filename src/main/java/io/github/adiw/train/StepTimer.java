package io.github.adiw.train;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.Dataset;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Scope;
import io.github.adiw.train.TrainingResult.StepMillis;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.ToDoubleFunction;

/**
 * How long a training step of each of several methods takes, so that they can be compared: all methods take some steps in turn, round after
 * round, in an order that changes, so that whatever else the machine does meets all of them alike, and the lower quartile of a method's
 * steps counts, which it disturbs little. One thread.
 */
public final class StepTimer {
    /**
     * DIW with the estimation of its published code, which is timed beside the methods where {@code diw} is among them: losses copied from
     * the device, kernel width by a loop over pairs, a general interior point in double precision on one thread, weights copied back. The
     * rest of its step is {@code diw}'s.
     */
    public static final String PUBLISHED = "diw as published";

    /** The largest batch that {@link #PUBLISHED} is timed with: its time grows with the third power. */
    public static final int MOST_PUBLISHED = 1024;

    private static final int ROUNDS = 15;
    private static final int STEPS = 20;
    private static final double TURN_MILLIS = 1000;
    private static final double MOST_MILLIS = 60_000;

    private final List<Turn> turns = new ArrayList<>();
    private final BooleanSupplier stopping;

    private StepTimer(BooleanSupplier stopping) {
        this.stopping = stopping;
    }

    /** What takes its steps when it is its turn. */
    private static final class Turn {
        private final String name;
        private final Steps steps;
        private final List<StepMillis> taken = new ArrayList<>();
        private int count = 1;

        Turn(String name, Steps steps) {
            this.name = name;
            this.steps = steps;
        }

        /** Takes a step that does not count, and settles how many the others are. */
        void warmUp() {
            steps.take(1);
            long start = System.nanoTime();
            steps.take(1);
            count = (int) Math.max(1, Math.min(STEPS, TURN_MILLIS / (1e-6 * (System.nanoTime() - start))));
        }

        void take() {
            taken.addAll(steps.take(count));
        }

        double quartile(ToDoubleFunction<StepMillis> part) {
            double[] sorted = taken.stream().mapToDouble(part).sorted().toArray();
            return sorted.length == 0 ? Double.NaN : sorted[(sorted.length - 1) / 4];
        }

        StepMillis quartiles() {
            double total = quartile(StepMillis::total);
            double estimation = quartile(StepMillis::weightEstimation);
            return new StepMillis(total, estimation, quartile(StepMillis::estimationForward), total - estimation);
        }
    }

    @FunctionalInterface
    private interface Steps {
        /** Takes so many steps; their times. */
        List<StepMillis> take(int count);
    }

    /**
     * Measures.
     *
     * @param methods  one or more, no method twice; from their {@linkplain TrainingOptions#initialParameters initial parameters}, so those
     *                 of a trained network give the times of one in training
     * @param stopping asked before every turn; once it is true, what has been measured is the result
     * @return lower quartiles by method, in order, {@link #PUBLISHED} behind {@code diw} (its step is the sum of its parts); NaN where
     *         nothing was measured
     * @throws UsageException if options do not fit the data
     * @throws AdiwException  if the device has too little memory for all of them at once
     */
    public static Map<String, StepMillis> measure(Device device, Dataset dataset, List<TrainingOptions> methods,
                                                  BooleanSupplier stopping) {
        UsageException.given("methods", methods);
        StepTimer timer = new StepTimer(UsageException.given("stopping", stopping));
        try (Scope scope = Scope.open()) {
            for (TrainingOptions options : methods) {
                Trainer trainer = scope.keep(new Trainer(device, dataset, options, false));
                timer.turns.add(new Turn(options.method(), trainer::timeSteps));
                if (options.method().equals("diw") && !options.insideClasses() && options.batch() <= MOST_PUBLISHED) {
                    Buffer weights = scope.keep(device.allocate(ElementType.FLOAT32, options.batch()));
                    timer.turns.add(new Turn(PUBLISHED, count -> published(trainer, options.batch(), weights, count)));
                }
            }
            timer.run();
            return timer.result();
        }
    }

    /** A batch each: a step of DIW makes the losses, and what it takes does not count. */
    private static List<StepMillis> published(Trainer trainer, int batch, Buffer weights, int count) {
        List<StepMillis> millis = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            trainer.timeSteps(1);
            long start = System.nanoTime();
            PublishedDiwEstimation.estimate(trainer.lastLosses(), batch, weights);
            millis.add(new StepMillis(Double.NaN, 1e-6 * (System.nanoTime() - start), Double.NaN, Double.NaN));
        }
        return millis;
    }

    private void run() {
        long start = System.nanoTime();
        Random random = new Random(1);
        List<Turn> order = new ArrayList<>(turns);
        for (int round = 0; round <= ROUNDS && (round < 2 || 1e-6 * (System.nanoTime() - start) < MOST_MILLIS); round++) {
            for (Turn turn : order) {
                if (stopping.getAsBoolean()) {
                    return;
                }
                if (round == 0) {
                    turn.warmUp();
                } else {
                    turn.take();
                }
            }
            // Where processors are scarce, the system makes a thread wait that has just worked long: no method always follows the same one.
            Collections.shuffle(order, random);
        }
    }

    private Map<String, StepMillis> result() {
        Map<String, StepMillis> times = new LinkedHashMap<>();
        for (Turn turn : turns) {
            StepMillis millis = turn.quartiles();
            if (turn.name.equals(PUBLISHED)) {
                StepMillis diw = times.get("diw");
                double estimation = millis.weightEstimation() + diw.estimationForward();
                millis = new StepMillis(estimation + diw.training(), estimation, diw.estimationForward(), diw.training());
            }
            times.put(turn.name, millis);
        }
        return times;
    }
}
