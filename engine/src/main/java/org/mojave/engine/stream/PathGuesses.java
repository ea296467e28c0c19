package org.mojave.engine.stream;

import java.util.Arrays;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.predict.RoutePredictor;
import org.mojave.engine.store.ExpertPart;
import org.mojave.engine.store.ExpertStore;

/**
 * Streamed experts whose next layer is guessed from the experts that layers used before, instead of by its router. The guess is made as
 * soon as a layer is done; what becomes of it is {@link StreamedExperts#guess}'s matter. For one decoder.
 */
public final class PathGuesses implements ExpertStore {
    private final StreamPlan plan;
    private final StreamedExperts experts;
    private final RoutePredictor predictor;

    /** {@code experts} look ahead, and are closed with this. */
    public PathGuesses(StreamPlan plan, StreamedExperts experts, RoutePredictor predictor) {
        this.plan = plan;
        this.experts = experts;
        this.predictor = predictor;
    }

    @Override
    public Demand demand(int layer, int[] needed, int count) {
        return new Watched(layer, Arrays.copyOf(needed, count), experts.demand(layer, needed, count));
    }

    /** Routers need not be asked. */
    @Override
    public boolean wantsGuesses() {
        return false;
    }

    @Override
    public void guess(int layer, int[] likely, int count) {
        experts.guess(layer, likely, count);
    }

    @Override
    public boolean holds(int layer, int expert) {
        return experts.holds(layer, expert);
    }

    @Override
    public void commit(int layer, int[] certain, int count) {
        experts.commit(layer, certain, count);
    }

    @Override
    public void close() {
        experts.close();
    }

    /** A layer of a single token was computed; the experts of prompts tell no path. */
    private void used(int layer, int[] needed) {
        if (needed.length < plan.fewestSlots()) {
            int index = plan.index(layer);
            predictor.used(index, needed);
            int next = (index + 1) % plan.numbers().layers();
            int[] likely = predictor.next(next, needed.length);
            experts.guess(plan.layer(next), likely, likely.length);
        }
    }

    /** Tells when the layer is done. */
    private final class Watched implements Demand {
        private final int layer;
        private final int[] needed;
        private final Demand demand;

        Watched(int layer, int[] needed, Demand demand) {
            this.layer = layer;
            this.needed = needed;
            this.demand = demand;
        }

        @Override
        public int together() {
            return demand.together();
        }

        @Override
        public boolean ready(int expert, ExpertPart part) {
            return demand.ready(expert, part);
        }

        @Override
        public long changes() {
            return demand.changes();
        }

        @Override
        public void awaitChange(long seen) {
            demand.awaitChange(seen);
        }

        @Override
        public Matrix matrix(MatrixId id) {
            return demand.matrix(id);
        }

        @Override
        public void done(int expert) {
            demand.done(expert);
        }

        @Override
        public void close() {
            demand.close();
            used(layer, needed);
        }
    }
}
