package io.github.adiw.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.cli.plot.Pictures;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.SampleShape;
import io.github.adiw.device.Device;
import io.github.adiw.nn.Model;
import io.github.adiw.train.Checkpoint;
import io.github.adiw.train.StepTimer;
import io.github.adiw.train.TrainingOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** {@code adiw compare}: several methods, each under the same shifts and from the same seeds. */
@Command(name = "compare", sortOptions = false, defaultValueProvider = CompareCommand.Defaults.class,
    description = "Trains the same network with several methods of weighting from the same seed, and says which wins, by how much, "
        + "and where the time went.",
    footer = {"", "Writes DIR/compare.html (all in one page), compare.json, compare.md, accuracy.png, step-time.png, weights.png, and a "
        + "folder per method with what train writes. With several noises or seeds the pictures are in DIR/NOISE, the runs in "
        + "DIR/NOISE/SEED/METHOD.",
        "After training, all methods take short rounds of steps in turn, from their trained networks, and the lower quartile of each is "
            + "shown: what else the machine does meets all alike. Beside diw, DIW as published is timed, and not trained.",
        "A call that was interrupted, or killed, goes on where it stopped: runs that finished under the same settings are not repeated, "
            + "and one that did not goes on from its last checkpoint.",
        "", "Examples:",
        "  adiw compare                                          10,000 images, 40 %% wrong labels",
        "  adiw compare --noise pair:0.3 --epochs 100 --output out/pair",
        "  adiw compare --methods uniform,adiw-km --device cuda --seed 7",
        "  adiw compare --methods all --noise symmetric:0.4,pair:0.3 --seeds 1,2,3 --output out/table"})
final class CompareCommand extends Subcommand {
    private static final int TRAIN_SAMPLES = 10_000;
    private static final String ALL = "all";
    private static final String TIMES = "times.json";
    private static final String PAGE = "compare.html";
    private static final String MARKDOWN = "compare.md";
    private static final String JSON = "compare.json";
    private static final Set<String> RESULTS = Set.of(TIMES, PAGE, MARKDOWN, JSON);

    @Option(names = "--methods", paramLabel = "M1,M2,...", hideParamSyntax = true, split = ",", defaultValue = "uniform,diw,adiw-km",
        description = "Which methods, in this order, or all (with --transform features: that have it). Default: ${DEFAULT-VALUE}.")
    private List<String> methods;

    @Option(names = "--seeds", paramLabel = "S1,S2,...", hideParamSyntax = true, split = ",",
        description = "Run everything from each of these seeds, and show mean and standard deviation. Default: the one of --seed.")
    private List<Long> seeds;

    @Mixin
    private TrainingFlags flags = new TrainingFlags();

    @Option(names = "--output", paramLabel = "DIR", defaultValue = "adiw-compare",
        description = "Folder for what is written; it is made if need be. Default: ${DEFAULT-VALUE}.")
    private Path output;

    @Option(names = "--fresh",
        description = "Run everything again, whatever DIR holds from an earlier call; runs under other settings that did not finish are "
            + "deleted, which are refused without it.")
    private boolean fresh;

    private TrainingOptions.Builder builder;
    private boolean single;

    CompareCommand(Console console) {
        super(console);
    }

    /** What differs from {@code train}: settings in which a few minutes show the benefit. */
    static final class Defaults implements IDefaultValueProvider {
        private static final Map<String, String> VALUES = Map.of("--noise", "symmetric:0.4", "--epochs", "60", "--optimizer", "adam",
            "--lr", "1e-3", "--weight-decay", "0", "--lr-schedule", "none", "--train-samples", String.valueOf(TRAIN_SAMPLES));

        @Override
        public String defaultValue(ArgSpec argument) {
            return argument.isOption() ? Arrays.stream(((OptionSpec) argument).names()).map(VALUES::get)
                .filter(value -> value != null).findFirst().orElse(null) : null;
        }
    }

    @Override
    void execute() {
        List<TrainingOptions> all = plan();
        checkOutputs(all);
        try (Device opened = common.open(console)) {
            Dataset dataset = flags.open(console);
            String shared = settings(all, dataset);
            console.notice((single ? "Each method: " : all.size() + " runs: ") + shared + ".");
            String data = dataset.identity();
            if (!fresh) {
                all.forEach(options -> requireNothingLost(RunFolder.timed(folder(options), settings(options, data, opened))));
            }
            List<TrainingRun> runs = new ArrayList<>();
            Set<String> said = new HashSet<>();
            TrainingOptions before = null;
            for (TrainingOptions options : all) {
                String name = (single ? "" : "run " + (runs.size() + 1) + " of " + all.size() + ": ") + name(options);
                RunFolder folder = RunFolder.timed(folder(options), settings(options, data, opened));
                String obstacle = fresh ? "" : folder.obstacle();
                if (obstacle == null) {
                    console.notice(name + ": finished earlier under the same settings, taken over from " + folder(options)
                        + " (--fresh runs it again)");
                    folder.clearOwnCheckpoints();
                } else {
                    boolean sameSplit = before != null && before.seed() == options.seed() && before.shift().equals(options.shift());
                    train(opened, dataset, options, folder, name, obstacle, sameSplit, said);
                    before = options;
                }
                TrainingRun run = folder.read(options);
                runs.add(run);
                List<String> warnings = run.warnings().stream().filter(said::add).toList();
                if (obstacle == null) {
                    warnings.forEach(console::warning);
                }
                if (run.result().interrupted() || Interruption.requested()) {
                    break;
                }
            }
            finish(dataset, opened, all, shared, parts(all, runs, times(opened, dataset, data, runs)));
        }
    }

    private void checkOutputs(List<TrainingOptions> all) {
        NamedFiles named = new NamedFiles().reads(flags.files()).results(output, CompareCommand::isResult);
        for (TrainingOptions options : all) {
            Path run = folder(options);
            named.results(run, RunFolder::isResult).results(run.getParent(), CompareCommand::isResult)
                .results(shiftFolder(options), CompareCommand::isResult);
        }
        named.requireDistinct();
        OutputFiles.checkFolder(output);
        Path[] runs = all.stream().map(this::folder).toArray(Path[]::new);
        OutputFiles.requireOwn(output, CompareCommand::isResult, runs);
        Stream.concat(all.stream().map(this::shiftFolder), Arrays.stream(runs).map(Path::getParent)).distinct()
            .filter(below -> !below.equals(output))
            .forEach(below -> OutputFiles.requireOwn(below, CompareCommand::isResult,
                Stream.concat(Arrays.stream(runs).filter(run -> run.startsWith(below)), folders(below)).toArray(Path[]::new)));
        Arrays.stream(runs).forEach(run -> OutputFiles.requireOwn(run, RunFolder::isResult));
    }

    /** The folders in that of a shift or a seed: of an earlier call with other seeds or methods, some may be runs. */
    private static Stream<Path> folders(Path below) {
        if (!Files.isDirectory(below)) {
            return Stream.of();
        }
        try (Stream<Path> all = Files.find(below, 2, (path, attributes) -> attributes.isDirectory())) {
            return all.toList().stream();
        } catch (IOException e) {
            throw new AdiwException("cannot read the folder " + below + ": " + AtomicFile.reason(e), e);
        } catch (UncheckedIOException e) {
            throw new AdiwException("cannot read the folder " + below + ": " + AtomicFile.reason(e.getCause()), e);
        }
    }

    /**
     * Whether a comparison left its table or its times.
     *
     * @throws AdiwException if that cannot be read
     */
    static boolean isOwn(Path folder) {
        return RunReport.isObjectWith(folder.resolve(JSON), "settings", "device")
            || RunReport.isObjectWith(folder.resolve(TIMES), "runs", "methods");
    }

    /** Whether a comparison writes what is at this path, which is relative to its folder or one of the folders in it. */
    private static boolean isResult(Path path) {
        return RESULTS.contains(path.toString()) || Pictures.NAMES.contains(path.toString());
    }

    /** @throws UsageException if a run that did not finish, and can go on, would be lost */
    private void requireNothingLost(RunFolder folder) {
        RunFolder.Unfinished other = folder.obstacle() == null ? null : folder.find(broken -> {}).other();
        if (other != null) {
            throw other.refusal(typed(), "go on with it by its settings, choose another folder, or give --fresh, which deletes them");
        }
    }

    private ObjectNode settings(TrainingOptions options, String data, Device device) {
        return RunFolder.settings(options, data, device, common.threads());
    }

    /** Every run, shift by shift, seed by seed; all that can be refused is refused here. */
    private List<TrainingOptions> plan() {
        List<String> known = Stream.concat(TrainingOptions.methods().stream(), Stream.of(ALL)).toList();
        methods.forEach(method -> KnownNames.require("--methods", method, known));
        List<String> wanted = methods.stream().flatMap(m -> m.equals(ALL) ? flags.methods().stream() : Stream.of(m)).toList();
        if (new HashSet<>(wanted).size() < wanted.size()) {
            throw new UsageException("--methods " + String.join(",", methods) + " names a method twice: name each once");
        }
        if (seeds != null && common.seeded()) {
            console.notice("--seed has no part where --seeds are given.");
        }
        List<Long> from = seeds == null ? List.of(common.seed()) : seeds;
        if (new HashSet<>(from).size() < from.size()) {
            throw new UsageException("--seeds " + from.stream().map(String::valueOf).collect(Collectors.joining(","))
                + " names a seed twice: name each once");
        }
        List<String> noises = flags.noises();
        builder = flags.builder(from.get(0), noises.get(0), console);
        boolean labels = builder.method(wanted.get(0)).build().labels() != null;
        List<TrainingOptions> all = new ArrayList<>();
        for (String noise : noises) {
            for (long seed : from) {
                for (String method : wanted) {
                    all.add((labels ? builder : builder.shift(noise)).seed(seed).method(method).build());
                }
            }
        }
        flags.sayWhatHasNoPart(all, console);
        single = noises.size() == 1 && from.size() == 1;
        return all;
    }

    private Path folder(TrainingOptions options) {
        Path parent = single ? output : shiftFolder(options).resolve(String.valueOf(options.seed()));
        return parent.resolve(options.method());
    }

    private Path shiftFolder(TrainingOptions options) {
        return single ? output : output.resolve(options.labels() == null ? options.shift().replace(':', '-') : "labels");
    }

    private String name(TrainingOptions options) {
        return single ? options.method() : TrainingFlags.shift(options) + ", seed " + options.seed() + ", " + options.method();
    }

    /**
     * What all runs share, in one line.
     *
     * @throws UsageException if the network cannot take such samples
     */
    private static String settings(List<TrainingOptions> all, Dataset dataset) {
        String shifts = all.stream().map(TrainingOptions::shift).distinct().collect(Collectors.joining(", "));
        String from = all.stream().map(options -> String.valueOf(options.seed())).distinct().collect(Collectors.joining(", "));
        TrainingOptions any = all.get(0);
        SampleShape shape = dataset.train().shape();
        boolean norm = Model.parse(any.model(), shape.channels(), shape.height(), shape.width(), dataset.classes()).dependsOnMode();
        return TrainingFlags.settings(any, norm, any.labels() == null ? "noise " + shifts : TrainingFlags.shift(any), from);
    }

    private void train(Device device, Dataset dataset, TrainingOptions options, RunFolder folder, String name, String obstacle,
                       boolean quiet, Set<String> said) {
        Checkpoint from = fresh ? null : folder.find(console::notice).checkpoint();
        if (from != null && from.step() > 0) {
            console.notice(name + ": goes on from step " + from.step() + " of " + from.totalSteps() + ", which an earlier call came to");
        } else if (!obstacle.isEmpty()) {
            console.notice(name + ": run again, since " + obstacle);
        } else if (!single) {
            console.notice(name);
        }
        Interruption.during(() -> {
            TrainingRun run = TrainingRun.of(device, dataset, options, new CheckpointWriter.Saving(folder, flags.checkpointEvery(), from),
                console, quiet, said);
            folder.write(run, made -> {
                if (single) {
                    Pictures.write(made, run.result(), console::notice);
                }
            });
            if (run.finished()) {
                folder.clearCheckpoints();      // a later call takes the run over, and there may be many
            }
        }, () -> {});
    }

    /** What a step takes, of the runs that finished, by the folder of their shift and seed; nothing once the user has asked to stop. */
    private Map<Path, StepTimes> times(Device opened, Dataset dataset, String data, List<TrainingRun> runs) {
        Map<Path, List<TrainingOptions>> together = new LinkedHashMap<>();
        runs.stream().filter(TrainingRun::finished).map(run -> run.result().options())
            .forEach(options -> together.computeIfAbsent(folder(options).getParent(), parent -> new ArrayList<>()).add(options));
        Map<Path, StepTimes> times = new LinkedHashMap<>();
        if (runs.stream().anyMatch(run -> run.result().interrupted()) || Interruption.requested()) {
            return times;
        }
        together.forEach((parent, group) -> {
            Path file = parent.resolve(TIMES);
            List<ObjectNode> settings = group.stream().map(options -> settings(options, data, opened)).toList();
            StepTimes earlier = fresh ? null : StepTimes.read(file, settings);
            times.put(parent, earlier != null ? earlier : measured(opened, dataset, group, file, settings));
        });
        return times;
    }

    private StepTimes measured(Device opened, Dataset dataset, List<TrainingOptions> group, Path file, List<ObjectNode> settings) {
        console.notice("Timing steps of " + group.stream().map(TrainingOptions::method).collect(Collectors.joining(", ")) + " in turn"
            + (single ? "" : " (" + TrainingFlags.shift(group.get(0)) + ", seed " + group.get(0).seed() + ")") + ".");
        List<TrainingOptions> trained = group.stream().map(options -> builder.shift(options.shift()).seed(options.seed())
            .method(options.method()).initialParameters(RunFolder.parameters(folder(options))).build()).toList();
        StepTimes[] measured = {StepTimes.NONE};
        try {
            Interruption.during(() -> measured[0] = new StepTimes(StepTimer.measure(opened, dataset, trained, Interruption::requested)),
                () -> {});
        } catch (AdiwException e) {
            console.notice("The steps were not timed: " + e.getMessage());      // the results are there, and matter more
        }
        if (!Interruption.requested() && !measured[0].byMethod().isEmpty()) {
            measured[0].write(file, settings);
        }
        return measured[0];
    }

    private void finish(Dataset dataset, Device opened, List<TrainingOptions> all, String shared, List<ComparedRuns> parts) {
        List<TrainingRun> runs = parts.stream().flatMap(part -> part.runs().stream()).toList();
        List<List<String>> pictures = new ArrayList<>();
        for (ComparedRuns part : parts) {
            pictures.add(part.shown().isEmpty() ? List.of()
                : Pictures.write(part.folder(), part.results(), part.meanTimes(), console::notice));
        }
        String device = opened.name() + ": " + opened.description();
        ObjectNode json = json(dataset, device, all, shared, parts);
        String data = dataset.identity();
        List<ObjectNode> every = all.stream().map(options -> settings(options, data, opened)).toList();
        ComparisonPage page = new ComparisonPage(output, dataset.description(), shared, device,
            RunFolder.table(every), parts, pictures);
        AtomicFile.writeString(output.resolve(MARKDOWN), page.markdown());
        AtomicFile.writeString(output.resolve(PAGE), page.html());
        AtomicFile.writeString(output.resolve(JSON), RunReport.text(json) + "\n");
        if (common.json()) {
            console.result(RunReport.text(json));
        } else {
            parts.forEach(part -> console.out().print("\n" + (single ? "" : part.shift() + "\n\n") + part.table().text() + "\n"));
            if (parts.stream().anyMatch(ComparedRuns::published)) {
                console.result(ComparisonPage.PUBLISHED);
            }
        }
        for (TrainingRun run : runs) {
            if (run.result().failure() != null) {
                throw new AdiwException(name(run.result().options()) + ": " + run.result().failure() + " (what was reached is in "
                    + output + ")");
            }
        }
        boolean interrupted = runs.size() < all.size() || runs.stream().anyMatch(run -> run.result().interrupted());
        console.notice(interrupted ? "Stopped; the table and pictures of what was reached are in " + output
            + "; the same command goes on from here." : "Table and pictures are in " + output);
    }

    private List<ComparedRuns> parts(List<TrainingOptions> all, List<TrainingRun> runs, Map<Path, StepTimes> times) {
        int from = (int) all.stream().mapToLong(TrainingOptions::seed).distinct().count();
        Map<String, List<TrainingRun>> shifts = new LinkedHashMap<>();
        runs.forEach(run -> shifts.computeIfAbsent(run.result().options().shift(), noise -> new ArrayList<>()).add(run));
        return shifts.values().stream().map(part -> {
            TrainingOptions any = part.get(0).result().options();
            Map<Long, StepTimes> bySeed = new LinkedHashMap<>();
            part.stream().map(run -> run.result().options()).filter(options -> times.containsKey(folder(options).getParent()))
                .forEach(options -> bySeed.put(options.seed(), times.get(folder(options).getParent())));
            return new ComparedRuns(TrainingFlags.shift(any), shiftFolder(any), from, part, bySeed);
        }).toList();
    }

    private ObjectNode json(Dataset dataset, String device, List<TrainingOptions> all, String shared, List<ComparedRuns> parts) {
        ObjectNode node = RunReport.object();
        node.put("dataset", dataset.name());
        node.put("datasetIsSample", dataset.sample());
        node.put("settings", shared);
        node.put("device", device);
        node.put("threads", common.threads());
        if (single) {
            ArrayNode array = node.putArray("methods");
            parts.forEach(part -> part.runs().forEach(run -> array.add(part.json(run))));
            parts.forEach(part -> part.putPublished(node));
        } else {
            ArrayNode from = node.putArray("seeds");
            all.stream().map(TrainingOptions::seed).distinct().forEach(from::add);
            ArrayNode array = node.putArray("noises");
            parts.forEach(part -> array.add(part.json()));
        }
        return node;
    }
}
