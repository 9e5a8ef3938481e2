package io.github.adiw.cli;

import io.github.adiw.UsageException;
import io.github.adiw.data.table.Wording;
import java.util.List;

/** Names that the user may give, and the nearest of them to one that is not known. */
final class KnownNames {
    private KnownNames() {}

    /** @throws UsageException if {@code name} is not in the list; it gives the list, and the nearest name if one is near */
    static void require(String option, String name, List<String> known) {
        if (known.contains(name)) {
            return;
        }
        String near = Wording.nearest(name, known);
        throw new UsageException(option + " " + (name.isEmpty() ? "''" : name) + " is not known"
            + (near == null ? "" : " (did you mean " + near + "?)") + ": choose one of " + String.join(", ", known));
    }
}
