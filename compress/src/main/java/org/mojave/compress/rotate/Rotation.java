package org.mojave.compress.rotate;

import java.util.Arrays;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * The orthogonal matrix {@code Q = (H/√n)·D} of some size: D random signs, H a Hadamard matrix {@code H_2^a ⊗ H_m}, repeated along the
 * diagonal where no such matrix of the whole size is known. Applied in O(size·(a + m)) without ever being formed.
 *
 * <p>A matrix W that reads rotated inputs {@code Q·x} becomes {@code W·Qᵀ}: {@link #rotateRows}. A matrix that is to write rotated
 * outputs becomes {@code Q·W}: {@link #rotateColumns}. Norms in between must be folded into the weights first. All sums are
 * float64.
 *
 * <p>Immutable; safe for several threads.
 */
public final class Rotation {
    /** Largest odd part, which is multiplied as a plain matrix; beyond it diagonal blocks serve better. */
    private static final int LARGEST_ODD = 1024;

    private final int size;
    private final int doublings;
    private final int oddOrder;
    private final byte[] odd;
    private final boolean[] negative;

    private Rotation(int size, int doublings, int oddOrder, byte[] odd, boolean[] negative) {
        this.size = size;
        this.doublings = doublings;
        this.oddOrder = oddOrder;
        this.odd = odd;
        this.negative = negative;
    }

    /** A rotation of {@code size} channels with signs drawn from {@code random}, in as few blocks as constructions allow. */
    public static Rotation of(int size, RandomGenerator random) {
        if (size < 1) {
            throw new IllegalArgumentException("cannot rotate " + size + " channels");
        }
        boolean[] negative = new boolean[size];
        for (int i = 0; i < size; i++) {
            negative[i] = random.nextBoolean();
        }
        for (int blocks = 1; blocks <= size; blocks++) {
            if (size % blocks == 0) {
                Optional<Rotation> rotation = blocksOf(size / blocks, size, negative);
                if (rotation.isPresent()) {
                    return rotation.get();
                }
            }
        }
        throw new AssertionError("order 1 always exists");
    }

    /** The rotation with blocks of that order, from the smallest odd part that a construction gives. */
    private static Optional<Rotation> blocksOf(int block, int size, boolean[] negative) {
        int doublings = Integer.numberOfTrailingZeros(block);
        for (int order = block >> doublings; doublings >= 0 && order <= LARGEST_ODD; order *= 2, doublings--) {
            Optional<byte[]> odd = HadamardOrder.matrix(order);
            if (odd.isPresent()) {
                return Optional.of(new Rotation(size, doublings, order, odd.get(), negative));
            }
        }
        return Optional.empty();
    }

    /** Channels. */
    public int size() {
        return size;
    }

    /** Channels that are mixed with each other: the whole size, or the order of a diagonal block. */
    public int block() {
        return oddOrder << doublings;
    }

    /** {@code x ← Q·x} for x = {@code values[offset … offset + size)}. */
    public void apply(double[] values, int offset) {
        for (int i = 0; i < size; i++) {
            if (negative[i]) {
                values[offset + i] = -values[offset + i];
            }
        }
        transform(values, offset, false);
    }

    /** {@code x ← Qᵀ·x}, the inverse of {@link #apply}. */
    public void applyTransposed(double[] values, int offset) {
        transform(values, offset, true);
        for (int i = 0; i < size; i++) {
            if (negative[i]) {
                values[offset + i] = -values[offset + i];
            }
        }
    }

    /** {@code W ← W·Qᵀ} for W [rows, size]: now it reads rotated inputs. */
    public void rotateRows(float[] w, int rows) {
        require(w, rows);
        double[] row = new double[size];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < size; c++) {
                row[c] = w[r * size + c];
            }
            apply(row, 0);
            for (int c = 0; c < size; c++) {
                w[r * size + c] = (float) row[c];
            }
        }
    }

    /** {@code W ← Q·W} for W [size, columns]: now it writes rotated outputs. Also rotates a bias, with one column. */
    public void rotateColumns(float[] w, int columns) {
        require(w, columns);
        double[] column = new double[size];
        for (int c = 0; c < columns; c++) {
            for (int r = 0; r < size; r++) {
                column[r] = w[r * columns + c];
            }
            apply(column, 0);
            for (int r = 0; r < size; r++) {
                w[r * columns + c] = (float) column[r];
            }
        }
    }

    private void require(float[] w, int others) {
        if (w.length != (long) size * others) {
            throw new IllegalArgumentException("a rotation of " + size + " channels does not fit " + w.length + " weights in " + others
                    + " rows or columns");
        }
    }

    private void transform(double[] values, int offset, boolean transposed) {
        double norm = 1 / Math.sqrt(block());
        double[] scratch = new double[oddOrder];
        for (int start = offset; start < offset + size; start += block()) {
            butterflies(values, start);
            for (int part = start; part < start + block(); part += oddOrder) {
                multiplyOdd(values, part, transposed, scratch);
                for (int i = 0; i < oddOrder; i++) {
                    values[part + i] = norm * scratch[i];
                }
            }
        }
    }

    /** {@code H_2^a ⊗ I_m} on one block: Sylvester's construction, symmetric. */
    private void butterflies(double[] values, int start) {
        int length = block();
        for (int half = oddOrder; half < length; half *= 2) {
            for (int pair = start; pair < start + length; pair += 2 * half) {
                for (int i = pair; i < pair + half; i++) {
                    double a = values[i];
                    double b = values[i + half];
                    values[i] = a + b;
                    values[i + half] = a - b;
                }
            }
        }
    }

    /** {@code scratch = H_m·x} or {@code H_mᵀ·x}. */
    private void multiplyOdd(double[] values, int part, boolean transposed, double[] scratch) {
        Arrays.fill(scratch, 0);
        for (int i = 0; i < oddOrder; i++) {
            for (int j = 0; j < oddOrder; j++) {
                if (transposed) {
                    scratch[j] += odd[i * oddOrder + j] * values[part + i];
                } else {
                    scratch[i] += odd[i * oddOrder + j] * values[part + j];
                }
            }
        }
    }
}
