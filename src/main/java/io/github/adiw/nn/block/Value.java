package io.github.adiw.nn.block;

/** What one layer makes and others take: an edge of a network. Values are told apart by identity. */
public final class Value {
    private final Shape shape;

    Value(Shape shape) {
        this.shape = shape;
    }

    /** Shape of one row. */
    public Shape shape() {
        return shape;
    }
}
