package io.github.adiw;

/**
 * A failure at run time of something that was asked for correctly: a file that is broken, a device that is lost or out
 * of memory, a loss that became NaN. The message is one sentence that names the thing, what was found and what was
 * expected; the command line prints it and ends with exit code 1.
 */
public class AdiwException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message one sentence: what failed, what was found, what was expected */
    public AdiwException(String message) {
        super(message);
    }

    /**
     * @param message one sentence: what failed, what was found, what was expected
     * @param cause what revealed it
     */
    public AdiwException(String message, Throwable cause) {
        super(message, cause);
    }
}
