package org.mojave.engine.model;

/** Which earlier positions a query sees. All masks are causal. */
public sealed interface Mask {
    /** First position that the query at {@code position} sees. */
    int first(int position);

    /** Every earlier position. */
    record Full() implements Mask {
        @Override
        public int first(int position) {
            return 0;
        }
    }

    /** The last {@code window} positions, the query's own included. */
    record Sliding(int window) implements Mask {
        public Sliding {
            if (window < 1) {
                throw new IllegalArgumentException("window must be at least 1, not " + window);
            }
        }

        @Override
        public int first(int position) {
            return Math.max(0, position - window + 1);
        }
    }

    /** Positions of the same chunk of {@code size} (Llama 4). */
    record Chunked(int size) implements Mask {
        public Chunked {
            if (size < 1) {
                throw new IllegalArgumentException("chunk size must be at least 1, not " + size);
            }
        }

        @Override
        public int first(int position) {
            return position / size * size;
        }
    }
}
