package org.mojave.compress.report;

import java.util.List;
import org.mojave.engine.model.MatrixId;

/**
 * What became of one matrix.
 *
 * @param matrix name in the native checkpoint, see MatrixId
 * @param rows output features
 * @param columns input features
 * @param state the method that made it in the end, or {@link #KEPT}
 * @param storage scheme id, or the element type of a kept matrix
 * @param bytes bytes of the matrix in the file
 * @param tokens calibration tokens that reached it; 0 where none were needed
 * @param evidence what these tokens are worth
 * @param error squared error of the outputs over squared outputs on the calibration tokens; where there are none, the same
 *     of the weights themselves; 0 if kept
 * @param events what did not go the straight way
 */
public record MatrixResult(String matrix, int rows, int columns, String state, String storage, long bytes, long tokens,
        Evidence evidence, double error, List<JobEvent> events) {
    /**
     * How much is known of an expert's inputs. For a matrix that every token reaches both sums are the number of tokens.
     *
     * @param affinity Σ c over its tokens, c their routing weight
     * @param squaredAffinity Σ c²
     * @param borrowed share of its second moments that comes from the other experts of the layer
     */
    public record Evidence(double affinity, double squaredAffinity, double borrowed) {
        /** Nothing was looked at. */
        public static final Evidence NONE = new Evidence(0, 0, 0);
    }

    public MatrixResult {
        events = List.copyOf(events);
        if (rows < 1 || columns < 1 || bytes < 1 || tokens < 0) {
            throw new IllegalArgumentException(matrix + ": " + rows + " × " + columns + ", " + bytes + " bytes, " + tokens + " tokens");
        }
    }

    /** {@link #state} of a matrix that stays as it is. */
    public static final String KEPT = "kept";

    /** Which matrix it is. */
    public MatrixId id() {
        return MatrixId.parse(matrix);
    }

    /** Whether it stays as it is. */
    public boolean isKept() {
        return state.equals(KEPT);
    }

    /** Bits of the file per weight of the matrix. */
    public double bitsPerWeight() {
        return bytes * 8.0 / ((double) rows * columns);
    }
}
