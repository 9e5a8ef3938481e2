package io.github.adiw.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;

/** A command: its options and the streams that it speaks to. */
abstract class Subcommand implements Callable<Integer> {
    /** Where this command speaks. */
    protected final Console console;

    /** What every command takes. */
    @Mixin
    protected CommonOptions common = new CommonOptions();

    Subcommand(Console console) {
        this.console = console;
    }

    /** Does the work; throws {@link io.github.adiw.UsageException} or {@link io.github.adiw.AdiwException}. */
    abstract void execute();

    @Override
    public final Integer call() {
        common.check();
        execute();
        return 0;
    }
}
