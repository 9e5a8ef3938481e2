package io.github.adiw.weight;

import io.github.adiw.device.Buffer;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What a divergence does with a batch: from what is remembered it takes steps that make the divergence between the weighted training rows
 * and the validation rows smaller, in every segment by itself, and gives ratios r that sum to about the segment's n_c.
 * {@link WeightEstimator} does the rest: it arranges the batch, remembers, and puts the class prior back.
 *
 * <p>All memory is allocated when it is made. Its methods enqueue work and wait for nothing, unless they say so, since a step of training
 * is recorded; kernels leave degenerate segments ({@link SegmentedBatch#status}) as they are.
 */
public interface Minimizer extends AutoCloseable {
    /**
     * What is remembered from visit to visit, in the order of the segments: a ratio for every training row, float32 {@code [n]}, or, where
     * {@link Divergence#stateIsOfValidation} says so, a coefficient for every validation row, {@code [m]}. It holds what is remembered when
     * {@link #begin} is called, and what is to be remembered after {@link #finish}.
     */
    Buffer state();

    /** The ratios of the training rows after {@link #finish}, float32 {@code [n]}: the state itself, or what follows from it. */
    Buffer ratios();

    /** A second copy of the state that the first step begins from, as long as it; null where none is needed. */
    default Buffer stateCopy() {
        return null;
    }

    /** A number that the state is raised to before {@link #begin}, where a step could never come back from below it. */
    default float leastState() {
        return Float.NEGATIVE_INFINITY;
    }

    /**
     * What else it holds from batch to batch, by name: counters of what was drawn. With these and the state another one goes on as it
     * would.
     */
    default Map<String, Buffer> counters() {
        return Map.of();
    }

    /**
     * Enqueues all of an estimation in one launch, if there is a kernel that does so for such a batch and the device gains by it:
     * the bandwidth, what {@link #begin}, {@link #step} and {@link #finish} do, and what is recalled before and remembered after them.
     * It is asked of small batches alone, before anything has been recalled; what it enqueues has to remember, too.
     *
     * @return whether it was enqueued; else nothing has been done
     */
    default boolean estimateAtOnce(RememberedSamples samples) {
        return false;
    }

    /**
     * Enqueues everything before the first step.
     *
     * @param converge whether steps will be taken until nothing moves, so that the settings' step size and momentum have no part
     */
    void begin(boolean converge);

    /** Enqueues a step; all steps of a batch are the same launches. */
    void step(boolean converge);

    /** Enqueues what sets {@link #ratios}, where they are not the state. */
    default void finish() {}

    /**
     * Solves the batch in another way than by steps, to convergence, in place of {@link #begin} and {@link #step}; waits.
     *
     * @return the iterations that it took; empty where there is no other way, or it has failed, so that steps are taken
     */
    default OptionalInt solve() {
        return OptionalInt.empty();
    }

    /** Why the last batch was not solved, for a person, so that its state stayed what it was; null if it was. Waits. */
    default String problem() {
        return null;
    }

    /**
     * What a solver says of every segment of the last batch, float64 {@code [S, 4]}: the third number is below 0 where it was not solved
     * (of segments in which nothing moves it may be anything); null where everything is solved. Training looks at it in every step; of a
     * {@link #problem()} that has no such number it hears after an epoch's last step alone.
     */
    default Buffer outcomes() {
        return null;
    }

    /** Why a segment of which {@link #outcomes} said so was not solved, for a person. */
    default String problem(int segment) {
        return problem();
    }

    /** Before the first {@link #quality} of a batch; waits. */
    default void beginQuality() {}

    /** How good the last batch's state is in a segment, in double precision; waits. */
    Quality quality(EvaluatedSegment segment);

    /** What {@link Quality#gap} has to reach, where it is known, before a solution is near enough. */
    default double wantedGap(double objective) {
        return Double.POSITIVE_INFINITY;
    }

    @Override
    void close();
}
