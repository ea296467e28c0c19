package org.mojave.engine.store;

import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.MatrixId;

/**
 * Where the matrices of routed experts come from when they are not simply mapped: a layer says which experts it needs, computes those
 * that are there, and waits for the others. Several decoders may share a store; their layers take turns.
 *
 * <p>Example:
 * <pre>{@code
 * try (ExpertStore.Demand demand = store.demand(3, experts, count)) {
 *     Matrix gate = demand.matrix(new MatrixId(MatrixRole.GATE, 3, experts[0]));   // waits for it
 *     …
 *     demand.done(experts[0]);
 * }
 * }</pre>
 */
public interface ExpertStore extends AutoCloseable {
    /**
     * Begins a layer; its matrices are valid until the demand is closed.
     *
     * @param layer the transformer layer
     * @param experts what it needs, ascending; the first {@code count} entries count
     */
    Demand demand(int layer, int[] experts, int count);

    /** Whether guesses about the next layer are wanted now. */
    boolean wantsGuesses();

    /**
     * A guess at what the next layer will need, so that it may be read while the disk has nothing else to do. Never changes a result.
     *
     * @param layer the transformer layer
     * @param experts by falling probability; the first {@code count} entries count
     */
    void guess(int layer, int[] experts, int count);

    /** Whether an expert is in memory, or on its way there. */
    default boolean holds(int layer, int expert) {
        return true;
    }

    /** The next layer will need these experts for certain: what is missing may be read now. Never changes a result. */
    default void commit(int layer, int[] experts, int count) {}

    /** Stops reading and frees the memory. */
    @Override
    void close();

    /** The experts that a layer needs. For the thread that began it. */
    interface Demand extends AutoCloseable {
        /** Experts that may be in use at a time; those beyond wait until others are {@link #done}. At least 1. */
        int together();

        /** Whether a part can be used without waiting. Throws CheckpointException with layer and expert if it cannot be read. */
        boolean ready(int expert, ExpertPart part);

        /** A count that grows whenever something becomes ready; ask for it before asking what is {@link #ready}. */
        long changes();

        /** Waits until {@link #changes} is not {@code seen}. */
        void awaitChange(long seen);

        /**
         * A matrix of a needed expert, in use from now on; waits until it is there. Throws CheckpointException with layer and expert if
         * it cannot be read.
         */
        Matrix matrix(MatrixId id);

        /** The expert is not needed any more in this layer. */
        void done(int expert);

        @Override
        void close();
    }

    /** Experts that are all in memory, or mapped: nothing is waited for. */
    interface Present extends Demand {
        @Override
        default int together() {
            return Integer.MAX_VALUE;
        }

        @Override
        default boolean ready(int expert, ExpertPart part) {
            return true;
        }

        @Override
        default long changes() {
            return 0;
        }

        @Override
        default void awaitChange(long seen) {}

        @Override
        default void done(int expert) {}

        @Override
        default void close() {}
    }
}
