package io.github.adiw.cli;

import io.github.adiw.Faults;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * Runs commands again and again while the opening of one file fails: the first, the second, and so on. Arguments: the file of the orders,
 * the folder with the data. It prints, for each command, how many openings failed and how many of them failed the command, or what went
 * wrong: a failure that is not said in one sentence, results that are neither those of before nor whole, a next run that comes to others.
 */
final class FileFaultProgram {
    private static final String SHORT = "--device host --threads 1 --epochs 1 --batch 32 --validation-batch 32 --train-samples 64 "
        + "--validation-samples 32 --noise symmetric:0.4 --model mlp:4 ";

    private final Faults faults;
    private final Path results;

    private FileFaultProgram(Faults faults, Path results) {
        this.faults = faults;
        this.results = results;
    }

    public static void main(String[] arguments) throws IOException {
        Path data = Path.of(arguments[1]);
        FileFaultProgram program = new FileFaultProgram(Faults.open(Path.of(arguments[0])), data.resolve("results"));
        Path train = data.resolve("train.csv");
        Path validation = data.resolve("validation.csv");
        Path model = data.resolve("model.safetensors");
        program.each("weights", List.of("weights", "--method", "ls", "--device", "host", "--train", train.toString(), "--validation",
            validation.toString(), "--output", program.results + "/w.csv", "--model", program.results + "/m.safetensors", "--json"));
        Cli.run("weights", "--method", "ls", "--device", "host", "--train", train.toString(), "--validation", validation.toString(),
            "--output", data + "/w.npy", "--model", model.toString());
        program.each("score", List.of("score", "--device", "host", "--model", model.toString(), "--input", validation.toString(),
            "--output", program.results + "/r.npy"));
        program.each("train", List.of(Cli.args("train " + SHORT + "--data", data, "--output", program.results)));
        program.each("resume", List.of(Cli.args("train --resume " + SHORT + "--data", data, "--output", program.results)));
        program.each("compare", List.of(Cli.args("compare --methods uniform " + SHORT + "--data", data, "--output", program.results)));
    }

    private void each(String name, List<String> command) throws IOException {
        String[] arguments = command.toArray(String[]::new);
        Map<String, String> expected = whole(arguments);
        int failures = 0;
        int said = 0;
        boolean failed;
        do {
            faults.begin(Faults.OPEN, failures);
            Cli run = Cli.run(arguments);
            failed = faults.end() > 0;
            String which = name + ", opening " + (failures + 1) + ": ";
            if (run.code() == 0) {
                require(contents().equals(expected), which + "other results", run);
            } else {
                said++;
                require(contents().keySet().stream().noneMatch(file -> file.startsWith(".") || file.contains("/.")), which + "left over",
                    run);
                require(failed && run.code() == 1 && run.complaints().size() == 1, which + "no sentence", run);
                require(run.complaints().get(0).contains("Too many open files"), which + "another reason", run);
            }
            failures += failed ? 1 : 0;
            require(whole(arguments).equals(expected), which + "other results afterwards", run);
        } while (failed);
        System.out.println(name + " " + failures + " " + said);
        try (Stream<Path> files = Files.walk(results)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private Map<String, String> whole(String... arguments) throws IOException {
        Cli run = Cli.run(arguments);
        require(run.code() == 0, "not failed by us", run);
        return contents();
    }

    /** Of the files with results: checksums, and of those that hold times, the name. */
    private Map<String, String> contents() throws IOException {
        Map<String, String> contents = new TreeMap<>();
        for (String name : Cli.files(results)) {
            if (!name.contains("checkpoint")) {
                CRC32 crc = new CRC32();
                crc.update(Files.readAllBytes(results.resolve(name)));
                contents.put(name, name.matches(".*\\.(npy|csv|safetensors)") && !name.contains("epochs") ? crc.getValue() + "" : "");
            }
        }
        return contents;
    }

    private static void require(boolean holds, String what, Cli run) {
        if (!holds) {
            System.out.println(what + ": exit code " + run.code() + ": " + run.err());
        }
    }
}
