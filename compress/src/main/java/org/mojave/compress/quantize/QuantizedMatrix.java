package org.mojave.compress.quantize;

import java.util.List;
import org.mojave.format.packed.CodedMatrix;

/**
 * What a {@link Quantizer} chose.
 *
 * @param coded codes, scales and zeros
 * @param columnGroups group of each column where groups follow the order of processing (activation order without static
 *     groups); empty where column c is in group {@code c / groupColumns}, as the native storage requires
 * @param loss what the quantizer minimised: {@link Rtn} the sum of squared weight errors; {@link Gptq} half the squared
 *     output error {@code ½·tr(Δ·H·Δᵀ)} under the damped Hessian it was given
 * @param events departures from the plain method
 */
public record QuantizedMatrix(CodedMatrix coded, int[] columnGroups, double loss, List<QuantizationEvent> events) {
    public QuantizedMatrix {
        events = List.copyOf(events);
        if (columnGroups.length != 0 && columnGroups.length != coded.columns()) {
            throw new IllegalArgumentException(columnGroups.length + " column groups for " + coded.columns() + " columns");
        }
    }

    /** Whether native storage can hold it. */
    public boolean hasNaturalGroups() {
        return columnGroups.length == 0;
    }

    /** The weights that the codes stand for, [rows, columns]. */
    public float[] weights() {
        int columns = coded.columns();
        float[] weights = new float[coded.codes().length];
        for (int row = 0; row < coded.rows(); row++) {
            for (int column = 0; column < columns; column++) {
                weights[row * columns + column] = hasNaturalGroups() ? coded.weight(row, column) : coded.weight(row, column, columnGroups[column]);
            }
        }
        return weights;
    }
}
