package io.github.adiw.data.table;

import io.github.adiw.UsageException;

/** What becomes of missing values: fields that are empty, {@code NA}, {@code NaN} or {@code ?}; NaN in .npy. */
public enum Missing {
    /** Refused, with the place of the first; {@code ?} among categories is one of them, and not refused. */
    FAIL("fail"),
    /** Filled by the column's mean over the training and the validation file together; of a category by the mean of each indicator. */
    MEAN("mean");

    private final String word;

    Missing(String word) {
        this.word = word;
    }

    /**
     * By its name in settings.
     *
     * @param word {@code fail} or {@code mean}
     * @throws UsageException if it is another
     */
    public static Missing of(String word) {
        for (Missing missing : values()) {
            if (missing.word.equals(word)) {
                return missing;
            }
        }
        throw UsageException.of("missing", "missing must be fail or mean, not '" + word + "'");
    }

    /** {@code fail} or {@code mean}. */
    @Override
    public String toString() {
        return word;
    }
}
