package org.mojave.compress.quantize;

/**
 * The weights to quantize.
 *
 * @param name for messages, e.g. {@code layers.3.experts.5.gate}
 * @param rows output features
 * @param columns input features
 * @param values [rows, columns], row-major; shared, not copied, never changed
 */
public record WeightMatrix(String name, int rows, int columns, float[] values) {
    public WeightMatrix {
        if (rows < 1 || columns < 1 || values.length != (long) rows * columns) {
            throw new IllegalArgumentException(name + ": " + rows + " × " + columns + " weights cannot be an array of " + values.length);
        }
    }

    /** Throws IllegalArgumentException that names the first weight that is not finite. */
    void checkFinite() {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalArgumentException(name + ": weight at row " + i / columns + ", column " + i % columns + " is "
                        + values[i] + "; the checkpoint is damaged, or was saved from a training run that diverged");
            }
        }
    }
}
