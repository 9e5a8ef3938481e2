package io.github.adiw.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command: its options and the streams that it speaks to. */
abstract class Subcommand implements Callable<Integer> {
    /** Where this command speaks. */
    protected final Console console;

    /** What every command takes. */
    @Mixin
    protected CommonOptions common = new CommonOptions();

    @Spec
    private CommandSpec spec;

    Subcommand(Console console) {
        this.console = console;
    }

    /** Does the work; throws {@link io.github.adiw.UsageException} or {@link io.github.adiw.AdiwException}. */
    abstract void execute();

    /** The flags as the user typed them. */
    protected final Flags typed() {
        return new Flags(spec, spec.commandLine().getParseResult().originalArgs().toArray(String[]::new));
    }

    @Override
    public final Integer call() {
        common.check();
        execute();
        return 0;
    }
}
