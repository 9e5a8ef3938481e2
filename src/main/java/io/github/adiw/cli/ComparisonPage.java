package io.github.adiw.cli;

import io.github.adiw.AdiwException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * A comparison as a document: Markdown beside its pictures, or one HTML page that holds them and refers to nothing outside.
 *
 * @param folder   where the document is, for the Markdown's references
 * @param data     the data set, for people
 * @param settings what all runs share, in one line
 * @param device   where they ran
 * @param table    every setting, in pairs of name and value
 * @param parts    the runs, shift by shift
 * @param pictures for each part the names of the pictures in its folder
 */
record ComparisonPage(Path folder, String data, String settings, String device, List<String[]> table, List<ComparedRuns> parts,
                      List<List<String>> pictures) {
    private static final String STYLE = """
        :root { color-scheme: light dark; --ink: #1c1f23; --soft: #59616b; --paper: #fff; --line: #d5d9de; --head: #f1f3f5; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e4e7ea; --soft: #a3abb5; --paper: #15181c; --line: #3a4149; --head: #22272d; }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, "DejaVu Sans", sans-serif; }
        main { max-width: 72rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
        h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0 1rem; }
        h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; }
        p { margin: .5rem 0; max-width: 50rem; }
        a { color: inherit; }
        .soft, figcaption { color: var(--soft); font-size: .875rem; }
        .scroll { overflow-x: auto; margin: 1rem 0; border: 1px solid var(--line); border-radius: .4rem; }
        table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
        th, td { padding: .4rem .55rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
        tbody tr:last-child > * { border-bottom: 0; }
        thead th { background: var(--head); }
        th:first-child { text-align: left; position: sticky; left: 0; background: var(--paper); }
        thead th:first-child { background: var(--head); }
        .settings td { text-align: left; white-space: normal; }
        .settings th { font-weight: normal; }
        figure { margin: 1.5rem 0; }
        figure .scroll { background: #fff; margin: 0 0 .4rem; }
        img { display: block; width: 100%; min-width: 34rem; height: auto; }
        @media print {
          @page { margin: 14mm; }
          :root { --ink: #000; --soft: #333; --paper: #fff; --line: #999; --head: #eee; }
          body { font-size: 10pt; }
          main { max-width: none; padding: 0; }
          nav { display: none; }
          .scroll { overflow: visible; border: 0; }
          table { font-size: 7.5pt; }
          th, td { padding: .15rem .3rem; white-space: normal; }
          th:first-child { position: static; }
          img { min-width: 0; max-height: 230mm; object-fit: contain; }
          figure, tr, p, .results { break-inside: avoid; }
          h2, .soft { break-after: avoid; }
          thead { display: table-header-group; }
        }
        """;

    /** What the row of DIW as published is. */
    static final String PUBLISHED = "diw as published is timed, not trained: the estimation as DIW's published code does it (losses copied "
        + "from the device, kernel width by a loop over pairs, a general interior point in double precision on one processor, weights "
        + "copied back), rebuilt in Java, and the training part of diw's step.";
    private static final List<String> LEGEND = List.of(
        "Accuracy: mean over the last five epochs, and the best epoch, on the test set. w clean, w wrong: mean "
            + "weight of samples with the right and with a wrong label.",
        "ms/step: lower quartile over steps from the trained networks that all methods took in turn, in short rounds, split into weight "
            + "estimation and training. Speed-ups are over diw, which this program solves on the device as far as the published code does, "
            + "and over DIW as published.");
    private static final String SPREAD = "a ± s: mean and standard deviation (n - 1) over the seeds; the speed-up compares runs from the "
        + "same seed. In the pictures a line is the mean and its band one standard deviation; weights are those of all seeds together.";

    /** Text as HTML shows it. */
    static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;").replace("'", "&#39;");
    }

    private boolean published() {
        return parts.stream().anyMatch(ComparedRuns::published);
    }

    private boolean spread() {
        return parts.stream().anyMatch(part -> part.seeds() > 1);
    }

    private List<String> legend() {
        List<String> lines = new ArrayList<>(LEGEND);
        if (published()) {
            lines.add(PUBLISHED);
        }
        if (spread()) {
            lines.add(SPREAD);
        }
        return lines;
    }

    private static String caption(String picture) {
        return switch (picture) {
            case "accuracy.png" -> "test accuracy over epochs";
            case "step-time.png" -> "time of a step";
            default -> "weights of the training samples";
        };
    }

    /** As Markdown; the pictures are files. */
    String markdown() {
        StringBuilder out = new StringBuilder("# Comparison of methods\n\n" + data + ".\n" + settings + ".\nDevice " + device + ".\n");
        for (int i = 0; i < parts.size(); i++) {
            ComparedRuns part = parts.get(i);
            out.append(parts.size() > 1 ? "\n## " + part.shift() + "\n" : "").append('\n').append(String.join("\n\n", part.effect()))
                .append("\n\n").append(part.table().markdown());
            for (String picture : pictures.get(i)) {
                String file = folder.relativize(part.folder().resolve(picture)).toString().replace('\\', '/');
                out.append("\n![").append(caption(picture)).append("](").append(file).append(")\n");
            }
        }
        return out.append('\n').append(String.join("\n", legend())).append('\n').toString();
    }

    /** As one HTML page. */
    String html() {
        StringBuilder out = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            + "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n"
            + "<title>Comparison of methods</title>\n<style>\n" + STYLE + "</style>\n</head>\n<body>\n<main>\n"
            + "<h1>Comparison of methods</h1>\n");
        for (String line : List.of(data, settings, "Device " + device)) {
            paragraph(out, line + ".", "");
        }
        if (parts.size() > 1) {
            out.append("<nav>\n<ul>\n");
            for (int i = 0; i < parts.size(); i++) {
                out.append("<li><a href=\"#part").append(i + 1).append("\">").append(escaped(parts.get(i).shift())).append("</a></li>\n");
            }
            out.append("</ul>\n</nav>\n");
        }
        for (int i = 0; i < parts.size(); i++) {
            part(out, i);
        }
        out.append("<section>\n<h2>How to read this</h2>\n");
        legend().forEach(line -> paragraph(out, line, ""));
        out.append("</section>\n<section>\n<h2>Settings</h2>\n<div class=\"scroll settings\" tabindex=\"0\">\n<table>\n<tbody>\n");
        for (String[] pair : table) {
            out.append("<tr><th scope=\"row\">").append(escaped(pair[0])).append("</th><td>").append(escaped(pair[1]))
                .append("</td></tr>\n");
        }
        return out.append("</tbody>\n</table>\n</div>\n</section>\n</main>\n</body>\n</html>\n").toString();
    }

    private void part(StringBuilder out, int i) {
        ComparedRuns part = parts.get(i);
        out.append("<section id=\"part").append(i + 1).append("\">\n<h2>").append(escaped(part.shift())).append("</h2>\n");
        part.effect().forEach(line -> paragraph(out, line, " class=\"soft\""));
        out.append("<div class=\"scroll results\" tabindex=\"0\">\n").append(part.table().html()).append("</div>\n");
        for (String picture : pictures.get(i)) {
            String caption = escaped(caption(picture) + ", " + part.shift());
            out.append("<figure>\n<div class=\"scroll\" tabindex=\"0\"><img alt=\"").append(caption)
                .append("\" src=\"data:image/png;base64,").append(encoded(part.folder().resolve(picture)))
                .append("\"></div>\n<figcaption>").append(caption).append("</figcaption>\n</figure>\n");
        }
        out.append("</section>\n");
    }

    private static void paragraph(StringBuilder out, String text, String attributes) {
        out.append("<p").append(attributes).append('>').append(escaped(text)).append("</p>\n");
    }

    private static String encoded(Path picture) {
        try {
            return Base64.getEncoder().encodeToString(Files.readAllBytes(picture));
        } catch (IOException e) {
            throw new AdiwException("cannot read " + picture + " back: " + e.getMessage(), e);
        }
    }
}
