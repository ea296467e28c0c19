package org.mojave.compress.job;

import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.mojave.compress.calibrate.HiddenStates;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.calibrate.LayerPass;
import org.mojave.compress.calibrate.Moments;
import org.mojave.compress.calibrate.PairedPass;
import org.mojave.compress.calibrate.RouterPass;
import org.mojave.compress.calibrate.StoredMoments;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.MemoryNeeds;
import org.mojave.compress.plan.Plan;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.PackedMatrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.Ends;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;

/**
 * Goes through the layers once, step by step: looks at the inputs of the step's matrices as the quantized matrices before them
 * make them (and, where weights are matched, as the original makes them), quantizes, and carries the states on through the written
 * matrices, the original's states through the original ones. What is on disk already is only carried.
 */
final class LayerWalk implements AutoCloseable {
    private final JobContext job;
    private final Plan plan;
    private final Quantization quantization;
    private final Arena ends = Arena.ofShared();
    private final MemoryBudget.Share activations;
    private final Fitting fitting;
    private final HiddenStates states;
    private final LayerPass pass;
    private final Optional<HiddenStates> originalStates;
    private final Optional<LayerPass> originalPass;
    private final Optional<StoredMoments> stored;
    private final Optional<RouterFitting> routers;
    private final Optional<ScaleSearch> scales;

    /** Takes the memory for the hidden states, or a file where they do not fit. */
    LayerWalk(JobContext job, Quantization quantization) {
        this.job = job;
        this.quantization = quantization;
        plan = job.preparation().plan();
        ModelSpec spec = plan.source().spec();
        TokenSequences tokens = job.preparation().tokens();
        fitting = job.preparation().request().recipe().fitting();
        stored = job.preparation().request().statistics().map(folder -> StoredMoments.open(folder, fitting.shrinkage() > 0));
        activations = job.budget().take("activations of one step", activationBytes(job.preparation()));
        LayerRunner runner = new LayerRunner(spec, job.workers());
        states = states(job, spec, quantization);
        pass = new LayerPass(runner, states, tokens, spec.hiddenSize());
        originalStates = matches(job.preparation()) ? Optional.of(states(job, spec, quantization)) : Optional.empty();
        scales = plan.folded().isEmpty() ? Optional.empty() : Optional.of(new ScaleSearch(job, pass));
        routers = job.preparation().repaired().isEmpty() ? Optional.empty() : Optional.of(new RouterFitting(job));
        originalPass = originalStates.map(original -> new LayerPass(runner, original, tokens, spec.hiddenSize()));
    }

    /** Whether the original's states are carried along. */
    private static boolean matches(Preparation preparation) {
        return (preparation.request().recipe().method() == Method.GPTQ && preparation.request().statistics().isEmpty()
                && preparation.request().recipe().fitting().needsOriginal())
                || !preparation.repaired().isEmpty();
    }

    /** Bytes of the buffers that a step over one chunk takes. */
    static long activationBytes(Preparation preparation) {
        ModelSpec spec = preparation.source().spec();
        int tokens = LayerPass.chunkTokens(preparation.tokens().count(), preparation.tokens().length());
        return MemoryNeeds.forward(spec, tokens) + (matches(preparation) ? MemoryNeeds.matching(spec, tokens) : 0);
    }

    private static HiddenStates states(JobContext job, ModelSpec spec, Quantization quantization) {
        TokenSequences tokens = job.preparation().tokens();
        int count = Math.multiplyExact(tokens.count(), tokens.length());
        return HiddenStates.of(count, spec.hiddenSize(), job.budget(), (job.budget().free() - quantization.leastBytes() - ScaleSearch.bytes(job.preparation())) / 2,
                job.records().folder());
    }

    /** Quantizes everything that is missing and leaves the last layer's output in {@link #states}. */
    void run() {
        quantization.vocabulary(plan.quantized(MatrixId.NONE));
        job.stages().time("carry", () -> {
            pass.embed(ends(), job.preparation().tokens());
            originalPass.ifPresent(original -> original.embed(new Ends(plan.source().model(), job.workers()), job.preparation().tokens()));
        });
        for (int layer = 0; layer < plan.source().spec().layers().size(); layer++) {
            try (Arena arena = Arena.ofShared()) {
                layer(layer, arena);
            }
        }
    }

    private void layer(int layer, Arena arena) {
        LayerWeights original = job.stages().time("rewrite", () -> PreparedLayer.of(job, layer, arena));
        LayerWeights weights = original;
        for (InputGroup.Half half : InputGroup.Half.values()) {
            if (half == InputGroup.Half.FEED_FORWARD && routers.isPresent()) {
                weights = routers.get().fit(new RouterPass(pass, originalPass.orElseThrow()), new PairedPass.Weights(weights, original), arena)
                        .quantized();
            }
            Scaling scaling = Scaling.NONE;
            if (scales.isPresent()) {
                ScaleSearch.Folded folded = scales.get().fold(weights, half, isComplete(layer, half), arena);
                weights = folded.weights();
                scaling = folded.scaling();
            }
            for (InputGroup.Step step : InputGroup.Step.values()) {
                if (step.half() == half) {
                    List<InputGroup> groups = InputGroup.of(plan.quantized(layer), step);
                    quantize(new PairedPass.Weights(weights, original), half, groups, scaling);
                    weights = weights.with(written(groups, arena));
                }
            }
            LayerWeights quantized = weights;
            job.stages().time("carry", () -> {
                pass.carry(quantized, half);
                originalPass.ifPresent(other -> other.carry(original, half));
            });
        }
    }

    private boolean isComplete(int layer, InputGroup.Half half) {
        return Stream.of(InputGroup.Step.values()).filter(step -> step.half() == half)
                .flatMap(step -> InputGroup.of(plan.quantized(layer), step).stream()).allMatch(group -> quantization.missing(group).isEmpty());
    }

    private void quantize(PairedPass.Weights weights, InputGroup.Half half, List<InputGroup> groups, Scaling scaling) {
        List<InputGroup> missing = groups.stream().filter(group -> !quantization.missing(group).isEmpty()).toList();
        if (!job.preparation().request().recipe().method().calibrates()) {
            quantization.round(missing);
            return;
        }
        int next = 0;
        while (next < missing.size()) {
            List<InputGroup> wave = wave(missing.subList(next, missing.size()));
            if (stored.isPresent()) {
                try (MemoryBudget.Share _ = job.budget().take("second moments of activations",
                        wave.stream().mapToLong(group -> Moments.bytes(group, fitting)).sum() + Moments.commonBytes(wave, fitting))) {
                    quantization.compensate(wave, stored.get(), scaling);
                }
                next += wave.size();
                continue;
            }
            try (Moments moments = new Moments(wave, fitting, job.budget(), job.workers())) {
                job.stages().time("observe", () -> new PairedPass(pass, fitting.needsOriginal() ? originalPass : Optional.empty()).observe(weights, half, moments));
                quantization.compensate(wave, moments, scaling);
            }
            next += wave.size();
        }
    }

    /** As many groups from the start as have room for their moments; at least one. */
    private List<InputGroup> wave(List<InputGroup> groups) {
        long room = job.budget().free() - quantization.leastBytes() - Moments.commonBytes(groups, fitting);
        return InputGroup.wave(groups, room, group -> Moments.bytes(group, fitting));
    }

    private Map<MatrixId, Matrix> written(List<InputGroup> groups, Arena arena) {
        Map<MatrixId, Matrix> matrices = new HashMap<>();
        for (InputGroup group : groups) {
            group.matrices().forEach(matrix -> matrices.put(matrix.id(), written(matrix, arena)));
        }
        return matrices;
    }

    private Matrix written(PlannedMatrix matrix, Arena arena) {
        return new PackedMatrix(matrix.layout(), job.records().map(matrix.id().name(), arena));
    }

    /** Embedding and head as they are in the result. */
    Ends ends() {
        ModelSpec spec = plan.source().spec();
        MatrixId embedding = MatrixId.of(MatrixRole.EMBEDDING);
        MatrixId head = spec.tiedHead() ? embedding : MatrixId.of(MatrixRole.HEAD);
        return new Ends(plan.source().model(), job.workers(), end(embedding), end(head));
    }

    private Matrix end(MatrixId id) {
        PlannedMatrix matrix = plan.matrix(id);
        return matrix.scheme().isPresent() ? written(matrix, ends) : plan.source().model().weights().matrix(id);
    }

    /** The activations of all tokens, after {@link #run} those behind the last layer. */
    HiddenStates states() {
        return states;
    }

    @Override
    public void close() {
        stored.ifPresent(StoredMoments::close);
        states.close();
        originalStates.ifPresent(HiddenStates::close);
        activations.close();
        ends.close();
    }
}
