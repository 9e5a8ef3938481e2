package io.github.adiw.data.table;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How a column becomes numbers: as it is, or, of a category, as an indicator for each level.
 *
 * @param name     in the header
 * @param position in the training file, from 0
 * @param levels   of a category, sorted; null of numbers
 * @param means    over both files, without missing values: of the number, {@code [1]}, or of the indicators, {@code [levels]}
 */
record EncodedColumn(String name, int position, List<String> levels, double[] means) {
    /** Instead of a level: the field is missing. */
    static final int MISSING = -1;
    /** Instead of a level: the field is none of them. */
    static final int UNKNOWN = -2;

    boolean isCategory() {
        return levels != null;
    }

    /** How many numbers it becomes. */
    int width() {
        return isCategory() ? levels.size() : 1;
    }

    /** Which level each name is. */
    Map<String, Integer> places() {
        Map<String, Integer> places = new HashMap<>();
        for (int i = 0; i < levels.size(); i++) {
            places.put(levels.get(i), i);
        }
        return places;
    }

    /**
     * Writes the indicators of a field.
     *
     * @param level one of {@link #levels}, {@link #MISSING}, of which the means are written, or {@link #UNKNOWN}, of which zeros are
     */
    void setCategory(int level, double[] into, int at) {
        if (level == MISSING) {
            System.arraycopy(means, 0, into, at, means.length);
            return;
        }
        Arrays.fill(into, at, at + means.length, 0);
        if (level >= 0) {
            into[at + level] = 1;
        }
    }
}
