package io.github.adiw.data.table;

import io.github.adiw.UsageException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What files and users wrote, as it is shown in a sentence. */
public final class Wording {
    private static final int LONGEST = 40;
    private static final int MOST_NAMES = 12;

    private Wording() {}

    /** In quotes, on one line, shortened. */
    public static String quoted(String text) {
        String start = text.length() > LONGEST ? text.substring(0, LONGEST) + "..." : text;
        return "'" + start.codePoints().map(c -> Character.isISOControl(c) || c == 0x2028 || c == 0x2029 ? ' ' : c)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append) + "'";
    }

    /** {@code column 'age'}; {@code column 3} of one without a name. */
    static String column(String name) {
        return isPosition(name) ? name : "column " + quoted(name);
    }

    /** How a column without a name is called. */
    static String position(int column) {
        return "column " + column;
    }

    private static boolean isPosition(String name) {
        return name.startsWith("column ") && name.length() > 7 && name.chars().skip(7).allMatch(c -> c >= '0' && c <= '9');
    }

    /** Names behind each other; of many, the first. */
    static String list(List<String> names) {
        String first = names.stream().limit(MOST_NAMES).map(n -> isPosition(n) ? n : quoted(n)).collect(Collectors.joining(", "));
        return names.size() <= MOST_NAMES ? first : first + " and " + (names.size() - MOST_NAMES) + " more";
    }

    /** {@code 1 row}, {@code 1,500 rows}. */
    public static String count(long number, String one, String more) {
        return String.format(Locale.ROOT, "%,d %s", number, number == 1 ? one : more);
    }

    /** Of a name that a parameter gives and no file has. */
    static UsageException unknown(String parameter, String name, List<String> known) {
        String near = nearest(name, known);
        return UsageException.of(parameter, parameter + " names " + quoted(name) + ", and there is no such column"
            + (near == null ? "" : " (did you mean " + near + "?)") + ": choose among " + list(known));
    }

    /** The known name within two edits (a third of its length) that has something in common with the other, or null. */
    public static String nearest(String name, List<String> known) {
        String best = null;
        int least = Integer.MAX_VALUE;
        for (String candidate : known) {
            int most = Math.max(1, Math.min(2, candidate.length() / 3));
            if (Math.abs(candidate.length() - name.length()) <= most) {
                int edits = edits(name.toLowerCase(Locale.ROOT), candidate.toLowerCase(Locale.ROOT));
                if (edits < least && edits <= most && edits < Math.max(candidate.length(), name.length())) {
                    least = edits;
                    best = candidate;
                }
            }
        }
        return best;
    }

    /** Levenshtein's distance. */
    private static int edits(String a, String b) {
        int[] above = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            above[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = above[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, Math.min(above[j], row[j - 1]) + 1);
            }
            above = row;
        }
        return above[b.length()];
    }
}
