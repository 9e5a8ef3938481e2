package io.github.adiw.ratio;

import io.github.adiw.AdiwException;

/** A fit ended because its {@link FitListener} wanted no more, before there were any weights. */
public final class FitCancelledException extends AdiwException {
    private static final long serialVersionUID = 1;

    FitCancelledException() {
        super("the fit was stopped before there were any weights");
    }
}
