package io.github.adiw;

/**
 * A mistake in what was asked for: an option that does not exist, a number out of range, settings that contradict each
 * other. The message is one sentence that says what was wrong and what was expected; the command line prints it and
 * ends with exit code 2. Nothing has been computed or written when it is thrown.
 */
public final class UsageException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /** @param message one sentence: what was wrong, what was expected, what to do */
    public UsageException(String message) {
        super(message);
    }

    /**
     * @param message one sentence: what was wrong, what was expected, what to do
     * @param cause what revealed it
     */
    public UsageException(String message, Throwable cause) {
        super(message, cause);
    }
}
