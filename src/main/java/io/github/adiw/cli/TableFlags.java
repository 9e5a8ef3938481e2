package io.github.adiw.cli;

import io.github.adiw.data.table.Missing;
import io.github.adiw.data.table.TableOptions;
import java.util.List;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** Which columns of a file count, and how. */
final class TableFlags {
    @Option(names = "--columns", paramLabel = "A,B", split = ",",
        description = "Use these columns alone. Default: all that are not excluded.")
    private List<String> columns;

    @Option(names = "--exclude", paramLabel = "A,B", split = ",", description = "Leave these columns out, for instance a label.")
    private List<String> exclude = List.of();

    @Option(names = "--id", paramLabel = "COLUMN", description = "The column that names a row: no feature, and written beside the weight.")
    private String id;

    @Option(names = "--missing", paramLabel = "HOW",
        description = "Of empty fields, NA, NaN and ?: fail, or mean (of the column, over both files). Default: fail.")
    private String missing = "fail";

    TableOptions options(Consumer<String> notices) {
        return new TableOptions(columns, exclude, id, Missing.of(missing), notices);
    }
}
