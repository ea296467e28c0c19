package org.mojave.engine.model;

/** Output features × input features of a weight matrix. */
public record MatrixShape(int rows, int columns) {
    public MatrixShape {
        if (rows < 1 || columns < 1) {
            throw new IllegalArgumentException("a matrix needs at least one row and column, got " + rows + " × " + columns);
        }
    }
}
