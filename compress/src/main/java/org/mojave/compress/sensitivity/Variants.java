package org.mojave.compress.sensitivity;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.SourceModel;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.run.Ends;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.LinearObserver;
import org.mojave.format.packed.Scheme;

/**
 * The probe's states in the original model and in models with one change each, carried side by side from the change to the
 * predictions.
 */
final class Variants {
    private static final int PANEL_ROWS = 64;

    private final SourceModel source;
    private final Probe probe;
    private final TokenSequences tokens;
    private final Workers workers;
    private final float[] original;
    private final List<Variant> variants = new ArrayList<>();
    private Optional<Variant> pending = Optional.empty();

    /** A changed model: its states (none where the original's serve), and the scheme of its head if that is changed. */
    private record Variant(Optional<float[]> states, Optional<Scheme> head) {}

    Variants(SourceModel source, Probe probe, TokenSequences tokens, Workers workers) {
        this.source = source;
        this.probe = probe;
        this.tokens = tokens;
        this.workers = workers;
        original = embedded(new Ends(source.model(), workers));
    }

    /** Bytes of the states of so many variants. */
    static long bytes(int variants, int tokens, int width) {
        return (variants + 1L) * tokens * width * Float.BYTES;
    }

    private float[] embedded(Ends ends) {
        int width = source.spec().hiddenSize();
        float[] states = new float[probe.tokens() * width];
        for (int s = 0; s < tokens.count(); s++) {
            ends.embed(tokens.sequences().get(s), states, s * tokens.length());
        }
        return states;
    }

    /** Before the first layer: a variant for an embedding (and the head, if tied) in that scheme. */
    void addEmbedding(Scheme scheme, MemoryBudget budget) {
        with(Optional.of(scheme), Optional.empty(), budget, ends -> variants.add(new Variant(Optional.of(embedded(ends)),
                source.spec().tiedHead() ? Optional.of(scheme) : Optional.empty())));
    }

    /** A variant whose head alone is in that scheme. */
    void addHead(Scheme scheme) {
        variants.add(new Variant(Optional.empty(), Optional.of(scheme)));
    }

    /** A variant in which half a layer, which comes next, has other weights. */
    void addHalf(LayerWeights changed, InputGroup.Half half) {
        float[] states = original.clone();
        probe.run(changed, half, states, LinearObserver.NONE);
        pending = Optional.of(new Variant(Optional.of(states), Optional.empty()));
    }

    /** The original's states before the half that comes next. */
    float[] original() {
        return original;
    }

    /** Takes the original and all variants through a half layer; that of the last {@link #addHalf} is behind it already. */
    void carry(LayerWeights weights, InputGroup.Half half) {
        for (Variant variant : variants) {
            variant.states().ifPresent(states -> probe.run(weights, half, states, LinearObserver.NONE));
        }
        probe.run(weights, half, original, LinearObserver.NONE);
        pending.ifPresent(variants::add);
        pending = Optional.empty();
    }

    /** Mean divergence of each variant's predictions from the original's, in the order they were added. */
    List<Double> divergences(MemoryBudget budget) {
        List<Double> found = new ArrayList<>();
        for (Variant variant : variants) {
            double[] mean = new double[1];
            with(Optional.empty(), variant.head(), budget, ends -> mean[0] = divergence(variant.states().orElse(original), ends));
            found.add(mean[0]);
        }
        return found;
    }

    private double divergence(float[] states, Ends changedEnds) {
        int vocabulary = source.spec().vocabularySize();
        Ends ends = new Ends(source.model(), workers);
        Divergence divergence = new Divergence(vocabulary, workers);
        float[] expected = new float[PANEL_ROWS * vocabulary];
        float[] found = new float[PANEL_ROWS * vocabulary];
        double sum = 0;
        for (int first = 0; first < probe.tokens(); first += PANEL_ROWS) {
            int rows = Math.min(PANEL_ROWS, probe.tokens() - first);
            ends.logits(original, first, rows, expected);
            changedEnds.logits(states, first, rows, found);
            sum += divergence.sum(expected, found, rows);
        }
        return sum / probe.tokens();
    }

    private interface Use {
        void on(Ends ends);
    }

    private void with(Optional<Scheme> embedding, Optional<Scheme> head, MemoryBudget budget, Use use) {
        MatrixId embeddingId = MatrixId.of(MatrixRole.EMBEDDING);
        MatrixId headId = source.spec().tiedHead() ? embeddingId : MatrixId.of(MatrixRole.HEAD);
        Matrix plainEmbedding = source.model().weights().matrix(embeddingId);
        Matrix plainHead = source.model().weights().matrix(headId);
        long bytes = (embedding.isPresent() || head.isPresent() ? (long) plainHead.rows() * plainHead.columns() : 0)
                + 2L * Float.BYTES * PANEL_ROWS * source.spec().vocabularySize();
        try (Arena arena = Arena.ofShared(); MemoryBudget.Share _ = budget.take("a rounded vocabulary", bytes)) {
            Matrix roundedEmbedding = embedding.<Matrix>map(scheme -> VocabularyTrial.round(embeddingId.name(), plainEmbedding, scheme,
                    arena, workers)).orElse(plainEmbedding);
            Matrix roundedHead = head.<Matrix>map(scheme -> VocabularyTrial.round(headId.name(), plainHead, scheme, arena, workers))
                    .orElse(plainHead);
            use.on(new Ends(source.model(), workers, roundedEmbedding, roundedHead));
        }
    }
}
