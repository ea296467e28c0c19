package org.mojave.compress.sensitivity;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.compress.allocate.PmqLayer;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.quantize.MixtureCompressorRounding;
import org.mojave.compress.quantize.WeightMatrix;
import org.mojave.compress.route.ExpertUse;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.Ends;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.LinearObserver;

/**
 * What Mixture Compressor measures about the experts of a model before it shares out bits (arXiv 2410.06270, section 3.2): how often each is
 * chosen (φ), with what softmax weight in sum (w), and the Frobenius norm of the change of the layer's output when that expert alone is
 * rounded (ε, plain rounding in blocks of 128). One walk of the original model; the experts of a layer do not mix, so that all are rounded
 * in one run and told apart behind their down projections.
 */
public final class ExpertSurvey {
    private static final int SAMPLE_TOKENS = 8192;

    private final SourceModel source;
    private final ModelSpec spec;
    private final TokenSequences sample;
    private final List<Integer> widths;
    private final MemoryBudget budget;
    private final Workers workers;

    /** On some of these tokens; {@code widths}: bits to round experts to, none to count tokens only. */
    public ExpertSurvey(SourceModel source, TokenSequences tokens, List<Integer> widths, MemoryBudget budget, Workers workers) {
        this.source = source;
        this.widths = List.copyOf(widths);
        this.budget = budget;
        this.workers = workers;
        spec = source.spec();
        sample = Sensitivity.evenly(tokens, Math.max(1, SAMPLE_TOKENS / tokens.length()));
    }

    /** Times that progress is heard. */
    public int steps() {
        return spec.layers().size();
    }

    /** By layer with experts. */
    public Map<Integer, PmqLayer> measure(Sensitivity.Progress progress) {
        int[] lengths = new int[sample.count()];
        Arrays.fill(lengths, sample.length());
        Probe probe = new Probe(new LayerRunner(spec, workers), lengths);
        int width = spec.hiddenSize();
        long bytes = 3L * Float.BYTES * probe.tokens() * width + LayerRunner.bytesPerToken(spec) * probe.tokens() + rememberedBytes(probe.tokens());
        Map<Integer, PmqLayer> found = new LinkedHashMap<>();
        try (MemoryBudget.Share _ = budget.take("a survey of experts", bytes)) {
            float[] states = new float[probe.tokens() * width];
            Ends ends = new Ends(source.model(), workers);
            for (int s = 0; s < sample.count(); s++) {
                ends.embed(sample.sequences().get(s), states, s * sample.length());
            }
            for (int layer = 0; layer < spec.layers().size(); layer++) {
                LayerWeights weights = LayerWeights.of(spec, source.model().weights(), layer);
                probe.run(weights, InputGroup.Half.ATTENTION, states, LinearObserver.NONE);
                if (spec.layer(layer).feedForward() instanceof FeedForward.Mixture mixture) {
                    found.put(layer, layer(probe, weights, mixture, states));
                } else {
                    probe.run(weights, InputGroup.Half.FEED_FORWARD, states, LinearObserver.NONE);
                }
                progress.advanced("layers." + layer);
            }
        }
        return found;
    }

    /** Inputs of all down projections of a layer, twice. */
    private long rememberedBytes(int tokens) {
        long most = 0;
        for (int layer = 0; layer < spec.layers().size(); layer++) {
            if (spec.layer(layer).feedForward() instanceof FeedForward.Mixture mixture) {
                long inner = spec.shape(new MatrixId(MatrixRole.DOWN, layer, 0)).columns();
                most = Math.max(most, 2L * Float.BYTES * tokens * mixture.router().chosen() * inner);
            }
        }
        return most;
    }

    /** Measures a layer and replaces the states by what it makes of them. */
    private PmqLayer layer(Probe probe, LayerWeights weights, FeedForward.Mixture mixture, float[] states) {
        int experts = mixture.router().experts();
        ExpertUse[] use = new ExpertUse[1];
        ExpertOutputs outputs = new ExpertOutputs(weights, workers);
        float[] before = states.clone();
        probe.runner().feedForward(weights, states, probe.tokens(), outputs.remembering(), (_, routing) -> use[0] = ExpertUse.of(
                Arrays.copyOf(routing.logits(), routing.tokens() * experts), experts, routing.chosen()));
        double[][] errors = new double[experts][widths.size()];
        int together = together(weights, experts);
        for (int w = 0; w < widths.size(); w++) {
            for (int first = 0; first < experts; first += together) {
                Map<MatrixId, Matrix> rounded = rounded(weights, first, Math.min(experts, first + together), widths.get(w));
                Map<Integer, Double> squares = new HashMap<>();
                probe.run(weights.with(rounded), InputGroup.Half.FEED_FORWARD, before.clone(), outputs.comparing(rounded, squares));
                for (Map.Entry<Integer, Double> square : squares.entrySet()) {
                    errors[square.getKey()][w] = Math.sqrt(square.getValue());
                }
            }
        }
        return new PmqLayer(Arrays.stream(use[0].count()).asDoubleStream().toArray(), use[0].weightSum(), errors);
    }

    /** Experts whose rounded matrices have room at the same time; at least one. */
    private int together(LayerWeights weights, int experts) {
        long bytes = 0;
        for (MatrixId id : weights.matrices()) {
            if (id.expert() == 0) {
                bytes += 3L * Float.BYTES * weights.matrix(id).rows() * weights.matrix(id).columns();
            }
        }
        return Math.clamp(budget.free() / 2 / Math.max(1, bytes), 1, experts);
    }

    private Map<MatrixId, Matrix> rounded(LayerWeights weights, int first, int end, int bits) {
        List<MatrixId> ids = new ArrayList<>(weights.matrices());
        ids.removeIf(id -> id.expert() < first || id.expert() >= end);
        Matrix[] matrices = new Matrix[ids.size()];
        workers.run(matrices.length, (i, _) -> {
            Matrix matrix = weights.matrix(ids.get(i));
            float[] values = new float[Math.multiplyExact(matrix.rows(), matrix.columns())];
            matrix.decode(0, matrix.rows(), values, 0);
            WeightMatrix original = new WeightMatrix(ids.get(i).name(), matrix.rows(), matrix.columns(), values);
            matrices[i] = Trial.dense(original, MixtureCompressorRounding.rounded(original, bits));
        });
        Map<MatrixId, Matrix> all = new HashMap<>();
        for (int i = 0; i < matrices.length; i++) {
            all.put(ids.get(i), matrices[i]);
        }
        return all;
    }
}
