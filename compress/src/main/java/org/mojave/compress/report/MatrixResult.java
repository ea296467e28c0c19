package org.mojave.compress.report;

import java.util.List;

/**
 * What became of one matrix.
 *
 * @param matrix name in the native checkpoint, see MatrixId
 * @param rows output features
 * @param columns input features
 * @param state {@code gptq}, {@code rtn} or {@code kept}
 * @param storage scheme id, or the element type of a kept matrix
 * @param bytes bytes of the matrix in the file
 * @param tokens calibration tokens that reached it; 0 where none were needed
 * @param error squared error of the outputs over squared outputs on the calibration tokens; where there are none, the same
 *     of the weights themselves; 0 if kept
 * @param events what did not go the straight way
 */
public record MatrixResult(String matrix, int rows, int columns, String state, String storage, long bytes, long tokens,
        double error, List<JobEvent> events) {
    public MatrixResult {
        events = List.copyOf(events);
        if (rows < 1 || columns < 1 || bytes < 1 || tokens < 0) {
            throw new IllegalArgumentException(matrix + ": " + rows + " × " + columns + ", " + bytes + " bytes, " + tokens + " tokens");
        }
    }

    /** Bits of the file per weight of the matrix. */
    public double bitsPerWeight() {
        return bytes * 8.0 / ((double) rows * columns);
    }
}
