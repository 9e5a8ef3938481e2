package io.github.adiw;

/**
 * A mistake in what was asked for: a parameter that does not exist, a number out of range, settings that contradict each other. The message
 * is one sentence that says what was wrong and what was expected, and calls a parameter by its name in the library; the command line puts
 * the flag of that parameter in front, prints it, and ends with exit code 2. Nothing has been computed or written when it is thrown.
 */
public final class UsageException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;
    private final String parameter;

    /** @param message one sentence: what was wrong, what was expected, what to do */
    public UsageException(String message) {
        this(message, null);
    }

    /**
     * @param message one sentence: what was wrong, what was expected, what to do
     * @param cause   what revealed it
     */
    public UsageException(String message, Throwable cause) {
        super(message, cause);
        parameter = null;
    }

    private UsageException(String parameter, String message, Throwable cause) {
        super(message, cause);
        this.parameter = parameter;
    }

    /**
     * Of one parameter.
     *
     * @param parameter its name, as the builder's method has it: {@code steps}, {@code upperBound}
     * @param message   one sentence that begins with what is wrong: {@code steps must be at least 1, not 0}
     */
    public static UsageException of(String parameter, String message) {
        return new UsageException(parameter, message, null);
    }

    /**
     * As {@link #of(String, String)}.
     *
     * @param cause what revealed it
     */
    public static UsageException of(String parameter, String message, Throwable cause) {
        return new UsageException(parameter, message, cause);
    }

    /** The parameter that is wrong; null if it is not a matter of one. */
    public String parameter() {
        return parameter;
    }

    /**
     * {@code value}, if there is one.
     *
     * @throws UsageException if it is null, as {@code NAME must be given, and was null}
     */
    public static <T> T given(String parameter, T value) {
        if (value == null) {
            throw of(parameter, parameter + " must be given, and was null");
        }
        return value;
    }

    /**
     * {@code value}, if it is at least {@code least}.
     *
     * @throws UsageException if it is less, as {@code NAME must be at least LEAST, not VALUE}
     */
    public static int atLeast(String parameter, int least, int value) {
        if (value < least) {
            throw of(parameter, parameter + " must be at least " + least + ", not " + value);
        }
        return value;
    }
}
