package io.github.adiw.cli;

import io.github.adiw.data.table.Missing;
import io.github.adiw.data.table.TableOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** Which columns of a file count, and how. */
final class TableFlags {
    @Option(names = "--columns", paramLabel = "A,B",
        description = "Use these columns alone. Default: all that are not excluded.")
    private String columns;

    @Option(names = "--exclude", paramLabel = "A,B",
        description = "Leave these columns out, for instance a label. Names with a comma stand in quotes, as in a file.")
    private String exclude;

    @Option(names = "--id", paramLabel = "COLUMN", description = "The column that names a row: no feature, and written beside the weight.")
    private String id;

    @Option(names = "--missing", paramLabel = "HOW",
        description = "Of empty fields, NA and NaN, and of ? among numbers: fail, or mean (of the column, over both files); "
            + "in a column of text, ? is a category with fail. "
            + "Default: fail.")
    private String missing = "fail";

    TableOptions options(Consumer<String> notices) {
        return new TableOptions(columns == null ? null : names(columns), exclude == null ? List.of() : names(exclude), id,
            Missing.of(missing), notices);
    }

    /** Names between commas; in quotes, a comma is part of a name, and two quotes are one. */
    static List<String> names(String text) {
        List<String> names = new ArrayList<>();
        StringBuilder name = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' && (quoted || name.isEmpty())) {
                if (quoted && i + 1 < text.length() && text.charAt(i + 1) == '"') {
                    name.append(text.charAt(++i));
                } else {
                    quoted = !quoted;
                }
            } else if (c == ',' && !quoted) {
                names.add(name.toString());
                name.setLength(0);
            } else {
                name.append(c);
            }
        }
        names.add(name.toString());
        return names;
    }
}
