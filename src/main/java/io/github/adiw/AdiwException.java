package io.github.adiw;

/**
 * A failure at run time of something that was asked for correctly: a file that is broken, a device that is lost or out
 * of memory, a loss that became NaN. The message is one sentence that names the thing, what was found and what was
 * expected; the command line prints it and ends with exit code 1.
 */
public class AdiwException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String parameter;

    /** @param message one sentence: what failed, what was found, what was expected */
    public AdiwException(String message) {
        this(message, (Throwable) null);
    }

    /**
     * @param message one sentence: what failed, what was found, what was expected
     * @param cause what revealed it
     */
    public AdiwException(String message, Throwable cause) {
        super(message, cause);
        parameter = null;
    }

    private AdiwException(String parameter, String message) {
        super(message, null);
        this.parameter = parameter;
    }

    /**
     * Of something that a parameter would have helped with.
     *
     * @param parameter its name, as the builder's method has it; the command line puts its flag in front
     * @param message   one sentence: what failed, what was found, what was expected
     */
    public static AdiwException of(String parameter, String message) {
        return new AdiwException(parameter, message);
    }

    /** The parameter that helps; null if there is none. */
    public String parameter() {
        return parameter;
    }
}
