package io.github.adiw.ratio;

import io.github.adiw.AdiwException;

/** A method gives no ratio of these samples. */
final class NoRatioException extends AdiwException {
    private static final long serialVersionUID = 1L;
    private final String reason;
    private final boolean degenerate;

    /**
     * @param reason     what was found
     * @param advice     to somebody who chose the method; null if there is none
     * @param degenerate whether there was a fit, of which the ratio is not finite or underflows
     */
    NoRatioException(String reason, String advice, boolean degenerate) {
        super(advice == null ? reason : reason + "; " + advice);
        this.reason = reason;
        this.degenerate = degenerate;
    }

    /** The message without advice. */
    String reason() {
        return reason;
    }

    /** Whether the ratio is not finite or underflows. */
    boolean isDegenerate() {
        return degenerate;
    }
}
