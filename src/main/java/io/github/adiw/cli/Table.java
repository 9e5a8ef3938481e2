package io.github.adiw.cli;

import java.util.ArrayList;
import java.util.List;

/** A table of text: the first column to the left, the others to the right; for a terminal, as Markdown or as HTML. */
final class Table {
    private final List<String[]> rows = new ArrayList<>();

    Table(String... heading) {
        rows.add(heading);
    }

    /** Adds a row with as many cells as the heading. */
    Table row(String... cells) {
        if (cells.length != rows.get(0).length) {
            throw new IllegalArgumentException("a row of " + cells.length + " cells in a table of " + rows.get(0).length);
        }
        rows.add(cells);
        return this;
    }

    /** Aligned for a terminal, a rule under the heading. */
    String text() {
        int[] widths = widths();
        StringBuilder out = new StringBuilder();
        for (int r = 0; r < rows.size(); r++) {
            StringBuilder line = new StringBuilder();
            for (int c = 0; c < widths.length; c++) {
                line.append(c == 0 ? "" : "  ").append(padded(rows.get(r)[c], widths[c], c > 0));
            }
            out.append(line.toString().stripTrailing()).append('\n');
            if (r == 0) {
                out.append("-".repeat(line.length())).append('\n');
            }
        }
        return out.toString();
    }

    /** As a Markdown table. */
    String markdown() {
        int[] widths = widths();
        StringBuilder out = new StringBuilder();
        for (int r = 0; r < rows.size(); r++) {
            out.append('|');
            for (int c = 0; c < widths.length; c++) {
                out.append(' ').append(padded(rows.get(r)[c].replace("|", "\\|"), widths[c], c > 0)).append(" |");
            }
            out.append('\n');
            if (r == 0) {
                out.append('|');
                for (int c = 0; c < widths.length; c++) {
                    out.append(c == 0 ? " " + "-".repeat(widths[c]) + " |" : " " + "-".repeat(widths[c]) + ":|");
                }
                out.append('\n');
            }
        }
        return out.toString();
    }

    /** As an HTML table. */
    String html() {
        StringBuilder out = new StringBuilder("<table>\n");
        for (int r = 0; r < rows.size(); r++) {
            out.append(r == 0 ? "<thead><tr>" : "<tr>");
            for (int c = 0; c < rows.get(r).length; c++) {
                String tag = r == 0 ? "th scope=\"col\"" : c == 0 ? "th scope=\"row\"" : "td";
                out.append('<').append(tag).append('>').append(ComparisonPage.escaped(rows.get(r)[c])).append("</").append(tag, 0, 2)
                    .append('>');
            }
            out.append(r == 0 ? "</tr></thead>\n<tbody>\n" : "</tr>\n");
        }
        return out.append("</tbody>\n</table>\n").toString();
    }

    private int[] widths() {
        int[] widths = new int[rows.get(0).length];
        for (String[] row : rows) {
            for (int c = 0; c < widths.length; c++) {
                widths[c] = Math.max(widths[c], row[c].length());
            }
        }
        return widths;
    }

    private static String padded(String text, int width, boolean right) {
        String space = " ".repeat(Math.max(0, width - text.length()));
        return right ? space + text : text + space;
    }
}
