package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.UsageException;
import java.io.PrintStream;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What the command line makes of the library's messages. */
class FlagsTest {
    private static Flags flags(String command, String... typed) {
        Console console = new Console(new PrintStream(PrintStream.nullOutputStream()), new PrintStream(PrintStream.nullOutputStream()));
        Subcommand made = command.equals("weights") ? new WeightsCommand(console) : new TrainCommand(console);
        return new Flags(new CommandLine(made).getCommandSpec(), typed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "weights | steps | steps must be at least 1, not 0 | --steps must be at least 1, not 0",
        "weights | upperBound | upperBound must be at least 1, not 0.5 | --upper-bound must be at least 1, not 0.5",
        "train | estimationSteps | steps must be at least 1, not 0 | --estimation-steps: steps must be at least 1, not 0",
        "train | schedule | schedule linear is not known | --lr-schedule linear is not known",
        "train | learningRate | learningRate must be a number above 0, not NaN | --lr must be a number above 0, not NaN",
        "train | pretrainEpochs | pretrainEpochs must be at least 1, not 0 | --iw-pretrain-epochs must be at least 1, not 0",
        "train | model | the width x must be a whole number | --model: the width x must be a whole number",
        "train | model | modelled badly | --model: modelled badly",
        "train | threads | threads must be at least 1, not 0 | --threads must be at least 1, not 0",
        "train | validationBatch | validationBatch 32 exceeds validationSamples 16 | --validation-batch 32 exceeds --validation-samples 16",
        "train | | the loss is no finite number: try a smaller learningRate | the loss is no finite number: try a smaller --lr",
        "train | | try learningRate=3e-5 or reduction=mean; the rest | try --lr 3e-5 or --reduction mean; the rest",
        "train | | name the folder that it is in: directory=DIR | name the folder that it is in: --data DIR",
        "train | | unknown=3, x.reduction=mean and reduction= stay | unknown=3, x.reduction=mean and reduction= stay",
        "train | | cannot read /tmp/trainOrder and trainOrder.npy | cannot read /tmp/trainOrder and trainOrder.npy",
        "train | | there is no room for steps | there is no room for steps",
        "weights | validationBatch | validationBatch must be at least 1 | validationBatch must be at least 1",
        "weights | exclude | exclude and id leave no column | --exclude and --id leave no column",
        "weights | id | id and columns both name 'a' | --id and --columns both name 'a'",
        "weights | exclude | exclude and nothing else | --exclude and nothing else",
        "train | epochs | --epochs must be at least 1, not 0 | --epochs must be at least 1, not 0"})
    void inFront(String command, String parameter, String message, String said) {
        assertThat(flags(command).inFront(parameter, message)).isEqualTo(said);
    }

    @Test
    void ofSeveralNamesTheTypedOneIsShown() {
        String message = "there is no shift 'salt:0.3'";
        assertThat(flags("train", "train", "--shift", "salt:0.3").inFront("noise", message)).isEqualTo("--shift: " + message);
        assertThat(flags("train", "train", "--noise=salt:0.3").inFront("shift", message)).isEqualTo("--noise: " + message);
        assertThat(flags("train").inFront("shift", message)).isEqualTo("--noise: " + message);
    }

    @Test
    void partsOfTheLibraryHaveNamesOfTheirOwn() {
        Map<String, String> names = Map.of("steps", "estimationSteps");
        assertThatThrownBy(() -> Flags.renamed(names, () -> UsageException.atLeast("steps", 1, 0))).isInstanceOf(UsageException.class)
            .hasMessage("steps must be at least 1, not 0").extracting(e -> ((UsageException) e).parameter()).isEqualTo("estimationSteps");
        assertThatThrownBy(() -> Flags.renamed(names, () -> UsageException.atLeast("batch", 1, 0))).isInstanceOf(UsageException.class)
            .extracting(e -> ((UsageException) e).parameter()).isEqualTo("batch");
        assertThat(Flags.renamed(names, () -> UsageException.atLeast("steps", 1, 2))).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "train --output o --estimation-steps 0 | --estimation-steps: steps must be at least 1, not 0",
        "train --output o --estimation-momentum 1 | --estimation-momentum: momentum must be a number in [0, 1), not 1.0",
        "train --output o --upper-bound 0.5 | --upper-bound must be at least 1, since the weights must sum to about n, not 0.5",
        "train --output o --bandwidth wide | --bandwidth wide is not known",
        "compare --output o --estimation-steps 0 | --estimation-steps: steps must be at least 1, not 0",
        "weights --method km --train t --validation v --output o --steps 0 | --steps must be at least 1, not 0",
        "weights --method km --train t --validation v --output o --bandwidth wide | --bandwidth wide is not known"})
    void aUserReadsFlags(String line, String sentence) {
        Cli run = Cli.run(Cli.args(line));
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.complaints()).singleElement().asString().startsWith("adiw: " + sentence);
    }
}
