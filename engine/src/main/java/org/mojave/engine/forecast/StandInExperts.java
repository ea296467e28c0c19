package org.mojave.engine.forecast;

import java.util.Arrays;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.store.ExpertPart;
import org.mojave.engine.store.ExpertStore;
import org.mojave.engine.store.Weights;

/**
 * Experts that stand in for all others: whatever a layer asks for, it gets its own first few, mapped. Once those have been touched, a
 * token costs what it would cost with all experts in memory, in a fraction of that memory; what it computes means nothing.
 */
final class StandInExperts implements ExpertStore {
    private final Weights weights;
    private final int perLayer;

    /** With so many experts of each layer. */
    StandInExperts(Weights weights, int perLayer) {
        if (perLayer < 1) {
            throw new IllegalArgumentException("at least one expert must stand in, not " + perLayer);
        }
        this.weights = weights;
        this.perLayer = perLayer;
    }

    @Override
    public Demand demand(int layer, int[] experts, int count) {
        return new StandIns(Arrays.copyOf(experts, count));
    }

    @Override
    public boolean wantsGuesses() {
        return false;
    }

    @Override
    public void guess(int layer, int[] experts, int count) {}

    @Override
    public void close() {}

    /** For the experts asked for, ascending. */
    private final class StandIns implements Demand {
        private final int[] asked;

        StandIns(int[] asked) {
            this.asked = asked;
        }

        @Override
        public int together() {
            return asked.length;
        }

        @Override
        public boolean ready(int expert, ExpertPart part) {
            return true;
        }

        @Override
        public long changes() {
            return 0;
        }

        @Override
        public void awaitChange(long seen) {}

        @Override
        public Matrix matrix(MatrixId id) {
            return weights.matrix(new MatrixId(id.role(), id.layer(), Arrays.binarySearch(asked, id.expert()) % perLayer));
        }

        @Override
        public void done(int expert) {}

        @Override
        public void close() {}
    }
}
