package io.github.adiw.ratio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.AdiwException;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Device;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/** The score of a ratio that is known, against one that is computed anew from the rows that each fold was fitted to. */
class HeldOutScoreTest {
    private static final int N = 23;
    private static final int M = 17;
    private final Matrix train = numbers(1, N);
    private final Matrix validation = numbers(2, M);
    private final FitContext context = new FitContext(null, null, null, 10, 4, FitListener.NONE);

    private static Matrix numbers(long seed, int rows) {
        Random random = new Random(seed);
        float[] values = new float[rows];
        for (int i = 0; i < rows; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return new Matrix(values, rows, 1);
    }

    /** A method whose ratio is a function that does not depend on the rows; it keeps what it was fitted to. */
    private static final class Known implements RatioMethod, TunedMethod {
        private final DoubleUnaryOperator ratio;
        private final List<Matrix> trained = new ArrayList<>();
        private final List<Matrix> validated = new ArrayList<>();

        Known(DoubleUnaryOperator ratio) {
            this.ratio = ratio;
        }

        @Override
        public String name() {
            return "known";
        }

        @Override
        public TunedMethod tune(Matrix t, Matrix v, FitContext c) {
            return this;
        }

        @Override
        public Selection selection() {
            return new Selection(Double.NaN, Double.NaN, null, Double.NaN);
        }

        @Override
        public RatioFunction fit(Matrix t, Matrix v, FitContext c) {
            trained.add(t);
            validated.add(v);
            return new RatioFunction() {
                @Override
                public double[] at(Matrix rows, Device device) {
                    double[] r = new double[rows.rows()];
                    for (int i = 0; i < r.length; i++) {
                        r[i] = ratio.applyAsDouble(rows.at(i, 0));
                    }
                    return r;
                }

                @Override
                public double at(float[] row) {
                    return ratio.applyAsDouble(row[0]);
                }

                @Override
                public Fit fit() {
                    return new Fit(0, 0, 0, true);
                }

                @Override
                public Map<String, SafeTensors.Tensor> parameters() {
                    return Map.of();
                }
            };
        }
    }

    private static List<Float> without(Matrix all, Matrix some) {
        List<Float> left = list(all);
        list(some).forEach(left::remove);
        return left;
    }

    private static List<Float> list(Matrix rows) {
        List<Float> list = new ArrayList<>();
        for (float x : rows.values()) {
            list.add(x);
        }
        return list;
    }

    private double recomputed(Known known, DoubleUnaryOperator ratio) {
        double sum = 0;
        for (int fold = 0; fold < 5; fold++) {
            double scale = list(known.trained.get(fold)).stream().mapToDouble(x -> ratio.applyAsDouble(x)).average().orElseThrow();
            DoubleUnaryOperator clipped = x -> Math.max(1e-6, Math.min(1e6, ratio.applyAsDouble(x) / scale));
            double world = without(validation, known.validated.get(fold)).stream().mapToDouble(x -> Math.log(clipped.applyAsDouble(x)))
                .average().orElseThrow();
            double own = without(train, known.trained.get(fold)).stream().mapToDouble(x -> clipped.applyAsDouble(x)).average()
                .orElseThrow();
            sum += world - Math.log(own);
        }
        return sum / 5;
    }

    @Test
    void isWhatItSays() {
        HeldOutScore score = new HeldOutScore(train, validation, context);
        for (DoubleUnaryOperator ratio : List.<DoubleUnaryOperator>of(x -> Math.exp(x), x -> 7 * Math.exp(x), x -> Math.max(0, x),
            x -> Math.exp(30 * x))) {
            Known known = new Known(ratio);
            assertThat(score.of(known, known).mean()).isCloseTo(recomputed(known, ratio), within(1e-12));
        }
        Known equal = new Known(x -> 3);
        assertThat(score.of(equal, equal).mean()).isCloseTo(0, within(1e-12));
        assertThat(score.of(equal, equal).error()).isZero();
    }

    /** Scores of the right ratio of new samples vary by as much as their errors say. */
    @Test
    void theErrorIsHowScoresVary() {
        int draws = 200;
        double[] scores = new double[draws];
        double errors = 0;
        for (int i = 0; i < draws; i++) {
            Matrix other = numbers(1000 + i, 200);
            Matrix moved = numbers(5000 + i, 100);
            for (int j = 0; j < moved.rows(); j++) {
                moved.values()[j] += 0.5f;
            }
            Known right = new Known(x -> Math.exp(0.5 * x - 0.125));
            HeldOutScore.Score score = new HeldOutScore(other, moved, context).of(right, right);
            scores[i] = score.mean();
            errors += score.error() / draws;
        }
        double mean = Arrays.stream(scores).average().orElseThrow();
        double deviation = Math.sqrt(Arrays.stream(scores).map(s -> (s - mean) * (s - mean)).sum() / (draws - 1));
        assertThat(errors).isCloseTo(deviation, within(0.15 * deviation));
    }

    @Test
    void everyRowIsHeldOutOnceAndAllMethodsHaveTheSameFolds() {
        HeldOutScore score = new HeldOutScore(train, validation, context);
        Known one = new Known(Math::exp);
        Known other = new Known(x -> 1 / (1 + x * x));
        score.of(one, one);
        score.of(other, other);
        List<Float> held = new ArrayList<>();
        for (int fold = 0; fold < 5; fold++) {
            assertThat(one.trained.get(fold).values()).isEqualTo(other.trained.get(fold).values());
            assertThat(one.validated.get(fold).values()).isEqualTo(other.validated.get(fold).values());
            assertThat(one.trained.get(fold).rows()).isBetween(N - 5, N - 4);
            held.addAll(without(train, one.trained.get(fold)));
        }
        assertThat(held).hasSize(N);
        assertThat(new TreeSet<>(held)).isEqualTo(new TreeSet<>(list(train)));
    }

    @Test
    void aRatioThatIsNoneHasNoScore() {
        HeldOutScore score = new HeldOutScore(train, validation, context);
        for (double value : new double[] {0, 1e-30, Double.NaN, Double.POSITIVE_INFINITY}) {
            Known known = new Known(x -> value);
            assertThatThrownBy(() -> score.of(known, known)).isInstanceOf(AdiwException.class).hasMessageContaining("in a fold");
        }
        assertThat(new HeldOutScore(train.select(0), validation, context).possible()).isFalse();
        assertThat(new HeldOutScore(train.select(0, 1), validation, context).possible()).isTrue();
    }
}
