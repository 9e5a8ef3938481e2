package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.UsageException;
import io.github.adiw.data.Shift;
import io.github.adiw.device.Devices;
import io.github.adiw.nn.LearningRateSchedule;
import io.github.adiw.nn.Model;
import io.github.adiw.weight.Bandwidth;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** Every text that is read is read in linear time: what is a million characters long takes milliseconds, and not hours. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LongTextsTest {
    private static final int LENGTH = 1_000_000;

    /** Each drives another kind of pattern into trying all ways to divide the text. */
    static List<String> texts() {
        return List.of("1".repeat(LENGTH) + "x", "1.".repeat(LENGTH / 2), "1e".repeat(LENGTH / 2), "a" + " ".repeat(LENGTH) + "b",
            "a" + "\n".repeat(LENGTH) + "b", "a" + "\r\n \t".repeat(LENGTH / 4) + "b", ":".repeat(LENGTH), ",".repeat(LENGTH),
            "1,".repeat(LENGTH / 2) + "x", "none,".repeat(LENGTH / 5), "a".repeat(LENGTH), "aA".repeat(LENGTH / 2) + "/",
            "a" + "B".repeat(LENGTH) + "-", "-".repeat(LENGTH), "0x" + "f".repeat(LENGTH), "cuda:" + "1".repeat(LENGTH),
            "\u00e9".repeat(LENGTH));
    }

    private static String start(String text) {
        return text.substring(0, 6).replace("\n", "\\n").replace("\r", "\\r") + "...";
    }

    @ParameterizedTest
    @MethodSource("texts")
    void theLibraryRefuses(String text) {
        Map<String, ThrowingCallable> parsers = new LinkedHashMap<>();
        for (String form : new String[] {"%s", "symmetric:%s", "class-prior:%s:2", "class-prior:0.1:%s", "features:rotate:%s"}) {
            parsers.put("shift " + form, () -> Shift.parse(form.replace("%s", text)));
        }
        for (String form : new String[] {"%s", "mlp:%s", "mlp:256,%s"}) {
            parsers.put("model " + form, () -> Model.check(form.replace("%s", text)));
        }
        for (String form : new String[] {"%s", "diw:%s", "gamma:%s"}) {
            parsers.put("bandwidth " + form, () -> Bandwidth.parse(form.replace("%s", text)));
        }
        for (String form : new String[] {"%s", "step:%s:0.1", "step:1:%s"}) {
            parsers.put("schedule " + form, () -> LearningRateSchedule.parse(form.replace("%s", text), 1, 1));
        }
        parsers.put("device", () -> Devices.open(text));
        parsers.put("known names", () -> KnownNames.require("--method", text, List.of("adiw-km", "cuda:N")));
        parsers.forEach((name, parser) -> assertThatThrownBy(parser).as("%s of %s", name, start(text)).isInstanceOf(UsageException.class));
    }

    @ParameterizedTest
    @MethodSource("texts")
    void theCommandLineRefusesInASentence(String text) {
        for (String option : new String[] {"--noise", "--model", "--bandwidth", "--lr-schedule", "--device", "--method", "--lr", "--epochs",
            "--optimizer", "--transform", "--precision", "--dataset"}) {
            refused(option, text, Cli.run("train", "--output", "/nowhere", option + "=" + text));
        }
        refused("option", text, Cli.run("train", "--output", "/nowhere", "--" + text));
        refused("word", text, Cli.run("train", "--output", "/nowhere", text));
        refused("command", text, Cli.run(text));
    }

    private static void refused(String what, String text, Cli run) {
        assertThat(run.code()).as("%s of %s", what, start(text)).isEqualTo(2);
        assertThat(run.complaints()).as("%s of %s", what, start(text)).hasSize(1);
        assertThat(run.err().length()).as("what is said of %s of %s", what, start(text)).isLessThan(6000);
    }

    @ParameterizedTest
    @MethodSource("texts")
    void messagesMayQuoteThem(String text) {
        Console console = new Console(new PrintStream(PrintStream.nullOutputStream()), new PrintStream(PrintStream.nullOutputStream()));
        Flags flags = new Flags(new CommandLine(new TrainCommand(console)).getCommandSpec());
        assertThat(flags.inFront("model", text).equals("--model: " + text)).as(start(text)).isTrue();
        assertThat(flags.inFront("model", "model " + text).equals("--model " + text)).as(start(text)).isTrue();
    }

    @Test
    void whatIsLeftOutIsTheMiddle() {
        Cli run = Cli.run("train", "--output", "/nowhere", "--noise=" + "1".repeat(LENGTH));
        assertThat(run.err()).startsWith("adiw: --noise: there is no shift '111").contains("1 [...] 1")
            .contains("known: none, symmetric:R");
    }

    @Test
    void anArgumentIsNoFileOfArguments() {
        assertThat(Cli.run("info", "@/dev/zero").err()).contains("@/dev/zero");
    }
}
