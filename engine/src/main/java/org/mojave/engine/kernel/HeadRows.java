package org.mojave.engine.kernel;

/** Keys or values of one head as attention reads them, one row for each position. */
public sealed interface HeadRows {
    /** One component. */
    float value(int row, int column);

    /** Throws unless there are {@code rows} rows of {@code dimension} components. */
    void check(int rows, int dimension);

    /** How they are stored. */
    KeyValueType type();

    /** Decodes {@code count} rows to {@code target} [count, dimension]. */
    void read(int first, int count, int dimension, float[] target);

    /** Floats anywhere. */
    record Floats(Block block) implements HeadRows {
        @Override
        public float value(int row, int column) {
            return block.values()[block.offset() + row * block.stride() + column];
        }

        @Override
        public void check(int rows, int dimension) {
            block.check(rows, dimension);
        }

        @Override
        public KeyValueType type() {
            return KeyValueType.F32;
        }

        @Override
        public void read(int first, int count, int dimension, float[] target) {
            for (int r = 0; r < count; r++) {
                System.arraycopy(block.values(), block.offset() + (first + r) * block.stride(), target, r * dimension, dimension);
            }
        }
    }

    /** One head of stored rows, from row {@code first} on. */
    record Stored(StoredRows rows, int head, int first) implements HeadRows {
        @Override
        public float value(int row, int column) {
            return rows.value(first + row, head, column);
        }

        @Override
        public void check(int count, int dimension) {
            if (head < 0 || head >= rows.heads() || first < 0 || dimension != rows.dimension() || count > rows.rows() - first) {
                throw new IllegalArgumentException(count + " rows of " + dimension + " components from row " + first + " of head " + head
                        + " leave " + rows.rows() + " stored rows of " + rows.heads() + " heads of " + rows.dimension());
            }
        }

        @Override
        public KeyValueType type() {
            return rows.type();
        }

        @Override
        public void read(int from, int count, int dimension, float[] target) {
            rows.read(head, first + from, count, target);
        }
    }
}
