package org.mojave.compress.job;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.mojave.compress.calibrate.Hessians;
import org.mojave.compress.calibrate.HiddenStates;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.calibrate.LayerPass;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.MemoryNeeds;
import org.mojave.compress.plan.Plan;
import org.mojave.compress.plan.PlannedMatrix;
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
 * Goes through the layers once, half by half: looks at the activations with the original weights of the half, quantizes its
 * matrices, and carries the activations on through the written ones. A half that is on disk already is only carried.
 */
final class LayerWalk implements AutoCloseable {
    private final JobContext job;
    private final Plan plan;
    private final Quantization quantization;
    private final Arena ends = Arena.ofShared();
    private final MemoryBudget.Share activations;
    private final HiddenStates states;
    private final LayerPass pass;

    /** Takes the memory for the hidden states, or a file where they do not fit. */
    LayerWalk(JobContext job, Quantization quantization) {
        this.job = job;
        this.quantization = quantization;
        plan = job.preparation().plan();
        ModelSpec spec = plan.source().spec();
        TokenSequences tokens = job.preparation().tokens();
        activations = job.budget().take("activations of one step",
                MemoryNeeds.forward(spec, LayerPass.chunkTokens(tokens.count(), tokens.length())));
        states = states(job, spec, quantization);
        pass = new LayerPass(new LayerRunner(spec, job.workers()), states, tokens, spec.hiddenSize());
    }

    private static HiddenStates states(JobContext job, ModelSpec spec, Quantization quantization) {
        TokenSequences tokens = job.preparation().tokens();
        int count = Math.multiplyExact(tokens.count(), tokens.length());
        long bytes = HiddenStates.bytes(count, spec.hiddenSize());
        boolean fits = bytes <= (job.budget().free() - quantization.leastBytes()) / 2;
        return fits ? HiddenStates.inMemory(count, spec.hiddenSize(), job.budget())
                : HiddenStates.inFile(count, spec.hiddenSize(), job.records().folder());
    }

    /** Quantizes everything that is missing and leaves the last layer's output in {@link #states}. */
    void run() {
        quantization.vocabulary(plan.quantized(MatrixId.NONE));
        job.stages().time("carry", () -> pass.embed(ends(), job.preparation().tokens()));
        for (int layer = 0; layer < plan.source().spec().layers().size(); layer++) {
            try (Arena arena = Arena.ofShared()) {
                LayerWeights weights = LayerWeights.of(plan.source().spec(), plan.source().model().weights(), layer);
                for (InputGroup.Half half : InputGroup.Half.values()) {
                    List<InputGroup> groups = InputGroup.of(plan.quantized(layer), half);
                    quantize(weights, half, groups);
                    weights = weights.with(written(groups, arena));
                    LayerWeights quantized = weights;
                    job.stages().time("carry", () -> pass.carry(quantized, half));
                }
            }
        }
    }

    private void quantize(LayerWeights weights, InputGroup.Half half, List<InputGroup> groups) {
        List<InputGroup> missing = groups.stream().filter(group -> !quantization.missing(group).isEmpty()).toList();
        if (job.preparation().request().recipe().method() == Method.RTN) {
            quantization.round(missing);
            return;
        }
        int next = 0;
        while (next < missing.size()) {
            List<InputGroup> wave = wave(missing.subList(next, missing.size()));
            try (Hessians hessians = new Hessians(wave, job.budget(), job.workers())) {
                job.stages().time("observe", () -> pass.observe(weights, half, hessians));
                quantization.compensate(wave, hessians);
            }
            next += wave.size();
        }
    }

    /** As many groups from the start as have room for their Hessians; at least one. */
    private List<InputGroup> wave(List<InputGroup> groups) {
        long room = job.budget().free() - quantization.leastBytes();
        List<InputGroup> wave = new ArrayList<>();
        for (InputGroup group : groups) {
            room -= Hessians.bytes(group);
            if (room < 0 && !wave.isEmpty()) {
                break;
            }
            wave.add(group);
        }
        return wave;
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
        states.close();
        activations.close();
        ends.close();
    }
}
