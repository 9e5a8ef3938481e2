package io.github.adiw.cli;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.table.Wording;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command line. Results go to standard output, notices, warnings and progress to standard error. Exit codes: 0 done, 1 failure
 * ({@link AdiwException}), also where a file does not hold what it should, 2 wrong use ({@link UsageException}), 128 + its number where
 * a signal stopped it; a failure prints one sentence, and its stack trace only with {@code --verbose} or {@code ADIW_DEBUG=1}.
 */
@Command(name = "adiw", versionProvider = Main.Version.class,
    subcommands = {InfoCommand.class, WeightsCommand.class, ScoreCommand.class, TrainCommand.class, CompareCommand.class},
    description = {"Accelerated dynamic importance weighting: learns from training data that differ from the world (wrong labels, "
        + "for instance) by weighting every sample in every mini-batch, on the GPU or the processor.", ""},
    footer = {"", "Examples:",
        "  adiw compare                    which method wins on noisy labels, and what does it cost?",
        "  adiw info                       which devices are there, and which is chosen?",
        "  adiw train --help               the options of a command, with examples", "",
        "Results go to standard output, all else to standard error, where a warning is a line that begins with \"Warning: \".",
        "Exit codes: 0 done, 1 failure (also all that is wrong in a file), 2 wrong use, 128 + N stopped by signal N."})
public final class Main {
    @CommandLine.Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help and end.")
    @SuppressWarnings("unused")     // for picocli
    private boolean help;

    @CommandLine.Option(names = {"-V", "--version"}, versionHelp = true, description = "Show the version and end.")
    @SuppressWarnings("unused")     // for picocli
    private boolean version;

    private static final Pattern LINE_END = Pattern.compile("\\R");
    /** Characters; an argument that is quoted may be of any length. */
    private static final int LONGEST_MESSAGE = 4000;

    private Main() {}

    /** Runs the command line and ends the process with its exit code. */
    public static void main(String[] args) {
        System.setProperty("java.awt.headless", "true");
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", Arrays.asList(args).contains("--verbose") ? "info" : "warn");
        PrintStream out = new PrintStream(new UntilNobodyReads(new FileOutputStream(FileDescriptor.out)), true, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
        // Numbers and letters are written alike everywhere, also by the libraries that write for us.
        Locale.setDefault(Locale.ROOT);
        Interruption.handle();
        int code = readable(args, err) ? run(args, out, err) : 2;
        System.exit(Interruption.exitCode(code));
    }

    /** Java reads arguments and names of files in the locale's encoding: what is lost then must not be taken for a file that is missing. */
    private static boolean readable(String[] args, PrintStream err) {
        String encoding = System.getProperty("sun.jnu.encoding", "UTF-8");
        if (encoding.equalsIgnoreCase("UTF-8") || Arrays.stream(args).noneMatch(arg -> arg.indexOf('\ufffd') >= 0)) {
            return true;
        }
        err.println("adiw: the arguments have letters that Java cannot read in this environment, whose encoding is " + encoding
            + ": set LC_ALL=C.UTF-8, or start the program by the script adiw, which does");
        return false;
    }

    /**
     * Runs the command line in this process.
     *
     * @param args what a user would type after {@code adiw}
     * @param out  for results
     * @param err  for notices, progress and the sentence of a failure
     * @return the exit code: 0, 1, 2, or 128 + the number of the signal that stopped a command before it had a result
     */
    public static int run(String[] args, PrintStream out, PrintStream err) {
        CommandLine line = new CommandLine(new Main(), new Factory(out, err));
        line.setOut(new PrintWriter(out, true, StandardCharsets.UTF_8));
        line.setErr(new PrintWriter(err, true, StandardCharsets.UTF_8));
        line.setUsageHelpWidth(110);
        line.setUsageHelpLongOptionsMaxWidth(34);
        line.setAbbreviatedOptionsAllowed(false);
        line.setOverwrittenOptionsAllowed(false);
        line.setExpandAtFiles(false);
        line.setParameterExceptionHandler((failure, typed) -> wrongUse(failure, typed, err));
        line.setExecutionExceptionHandler((failure, command, parsed) -> failed(failure, command, args, err));
        int code;
        try {
            code = args.length == 0 ? withoutCommand(line) : line.execute(args);
        } catch (OutOfMemoryError e) {
            err.println("adiw: Java's heap of " + (Runtime.getRuntime().maxMemory() >> 20) + " MiB is full: give it more, for instance by "
                + "ADIW_JAVA_OPTIONS=-Xmx8g, or use fewer samples");
            code = 1;
        }
        boolean unread = out.checkError();
        if (unread && code == 0 && !Interruption.requested()) {        // whoever closed the terminal reads nothing
            err.println("adiw: the results could not be written to standard output: is its disk full?");
            code = 1;
        }
        err.flush();
        return code;
    }

    /** Standard output: who pipes it into {@code head} has read enough, which is no failure. */
    private static final class UntilNobodyReads extends OutputStream {
        private final OutputStream out;

        UntilNobodyReads(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                if (!String.valueOf(e.getMessage()).contains("Broken pipe")) {
                    throw e;
                }
            }
        }
    }

    private static int withoutCommand(CommandLine line) {
        line.usage(line.getErr());
        return 2;
    }

    private static int wrongUse(ParameterException failure, String[] args, PrintStream err) {
        CommandLine command = failure.getCommandLine();
        if (failure.getCause() instanceof AdiwException || failure.getCause() instanceof UsageException) {
            return failed((RuntimeException) failure.getCause(), command, args, err);
        }
        List<String> unknown = command.getUnmatchedArguments();
        if (failure instanceof MissingParameterException && !unknown.isEmpty()) {       // what is missing may be there, misspelt
            return wrongUse(new UnmatchedArgumentException(command, unknown), args, err);
        }
        StringBuilder sentence = new StringBuilder(oneLine(failure.getMessage()));
        String meant = failure instanceof UnmatchedArgumentException unmatched ? meant(unmatched) : null;
        if (meant != null) {
            sentence.append("; did you mean ").append(meant).append('?');
        }
        String name = command.getCommandSpec().qualifiedName();
        err.println("adiw: " + sentence + " (see " + name + " --help)");
        return 2;
    }

    /** The flag that an unknown one is near to, or null. The parser knows of {@code --normalize}, and not that it has an opposite. */
    private static String meant(UnmatchedArgumentException unmatched) {
        List<String> opposites = unmatched.getCommandLine().getCommandSpec().options().stream().filter(OptionSpec::negatable)
            .map(option -> option.longestName().replaceFirst("^--", "--no-")).toList();
        String opposite = Wording.nearest(unmatched.getUnmatched().get(0), opposites);
        return opposite != null ? opposite : unmatched.getSuggestions().stream().findFirst().orElse(null);
    }

    private static int failed(Exception failure, CommandLine command, String[] args, PrintStream err) {
        int code = failure instanceof UsageException ? 2 : failure instanceof Interruption.StoppedException ? Interruption.exitCode(0) : 1;
        boolean expected = failure instanceof UsageException || failure instanceof AdiwException;
        boolean trace = System.getenv("ADIW_DEBUG") != null || Arrays.asList(args).contains("--verbose");
        String message = failure.getMessage() == null ? "" : oneLine(failure.getMessage());
        if (expected) {
            String parameter = failure instanceof UsageException usage ? usage.parameter() : ((AdiwException) failure).parameter();
            err.println("adiw: " + new Flags(command.getCommandSpec(), args).inFront(parameter, message));
        } else {
            err.println("adiw: an unexpected failure, " + failure.getClass().getSimpleName() + (message.isEmpty() ? "" : ": " + message)
                + (trace ? "" : " (--verbose shows where)"));
        }
        if (trace) {
            failure.printStackTrace(err);
        }
        return code;
    }

    /** Without line ends; of what is longer than a person reads, the middle is left out: the end says what to do. */
    private static String oneLine(String text) {
        String line = Arrays.stream(LINE_END.split(text)).map(String::strip).filter(part -> !part.isEmpty())
            .collect(Collectors.joining(" "));
        return line.length() <= LONGEST_MESSAGE
            ? line
            : line.substring(0, LONGEST_MESSAGE / 2) + " [...] " + line.substring(line.length() - LONGEST_MESSAGE / 2);
    }

    /** Gives the commands their streams. */
    private record Factory(PrintStream out, PrintStream err) implements CommandLine.IFactory {
        @Override
        public <K> K create(Class<K> type) throws Exception {
            if (Subcommand.class.isAssignableFrom(type)) {
                return type.cast(type.getDeclaredConstructor(Console.class).newInstance(new Console(out, err)));
            }
            return CommandLine.defaultFactory().create(type);
        }
    }

    /** The version in the jar's manifest. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"adiw " + number()};
        }

        static String number() {
            String version = Main.class.getPackage().getImplementationVersion();
            return version == null ? "(not packaged)" : version;
        }
    }
}
