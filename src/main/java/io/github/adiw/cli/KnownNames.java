package io.github.adiw.cli;

import io.github.adiw.UsageException;
import java.util.List;
import java.util.Locale;

/** Names that the user may give, and the nearest of them to one that is not known. */
final class KnownNames {
    private KnownNames() {}

    /** @throws UsageException if {@code name} is not in the list; it gives the list, and the nearest name if one is near */
    static void require(String option, String name, List<String> known) {
        if (known.contains(name)) {
            return;
        }
        String near = nearest(name, known);
        throw new UsageException(option + " " + (name.isEmpty() ? "''" : name) + " is not known"
            + (near == null ? "" : " (did you mean " + near + "?)") + ": choose one of " + String.join(", ", known));
    }

    /** The known name within two edits (a third of its length), or null. */
    private static String nearest(String name, List<String> known) {
        String best = null;
        int least = Integer.MAX_VALUE;
        for (String candidate : known) {
            int allowed = Math.max(1, Math.min(2, candidate.length() / 3));
            if (Math.abs(name.length() - candidate.length()) > allowed) {
                continue;
            }
            int edits = edits(name.toLowerCase(Locale.ROOT), candidate.toLowerCase(Locale.ROOT));
            if (edits < least && edits <= allowed) {
                least = edits;
                best = candidate;
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
