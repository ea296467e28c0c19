package org.mojave.compress.job;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.mojave.compress.calibrate.HiddenStates;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.calibrate.LayerPass;
import org.mojave.compress.calibrate.Moments;
import org.mojave.compress.calibrate.PairedPass;
import org.mojave.compress.calibrate.StoredMoments;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.recipe.Fitting;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.Ends;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.format.safetensors.TensorEntry;

/** Goes through the layers of the original model once and writes the moments of each half layer's groups; what is on disk is not gathered again. */
final class StatisticsWalk implements AutoCloseable {
    private final JobContext job;
    private final SourceModel source;
    private final Fitting fitting;
    private final MemoryBudget.Share activations;
    private final HiddenStates states;
    private final LayerPass pass;

    StatisticsWalk(JobContext job) {
        this.job = job;
        source = job.preparation().source();
        // Moments of whole layers are sums of what is stored, so none are gathered.
        fitting = job.preparation().request().recipe().fitting().sums();
        activations = job.budget().take("activations of one step", LayerWalk.activationBytes(job.preparation()));
        ModelSpec spec = source.spec();
        TokenSequences tokens = job.preparation().tokens();
        int count = Math.multiplyExact(tokens.count(), tokens.length());
        states = HiddenStates.of(count, spec.hiddenSize(), job.budget(), (job.budget().free() - largestGroup()) / 2, job.records().folder());
        pass = new LayerPass(new LayerRunner(spec, job.workers()), states, tokens, spec.hiddenSize());
    }

    private List<InputGroup> groups(int layer, InputGroup.Half half) {
        List<PlannedMatrix> matrices = job.preparation().plan().quantized(layer);
        return Arrays.stream(InputGroup.Step.values()).filter(step -> step.half() == half)
                .flatMap(step -> InputGroup.of(matrices, step).stream()).toList();
    }

    /** Bytes of a group's moments, and of the copies that are written. */
    private long bytes(InputGroup group) {
        return 3 * Moments.bytes(group, fitting);
    }

    private long largestGroup() {
        long largest = 0;
        for (int layer = 0; layer < source.spec().layers().size(); layer++) {
            for (InputGroup.Half half : InputGroup.Half.values()) {
                largest = Math.max(largest, groups(layer, half).stream().mapToLong(this::bytes).max().orElse(0));
            }
        }
        return largest;
    }

    /** Gathers everything that is missing. */
    void run() {
        int layers = source.spec().layers().size();
        job.listener().started("gather", layers);
        pass.embed(new Ends(source.model(), job.workers()), job.preparation().tokens());
        int last = lastMissing(layers);
        for (int layer = 0; layer < layers; layer++) {
            if (layer <= last) {
                LayerWeights weights = LayerWeights.of(source.spec(), source.model().weights(), layer);
                for (InputGroup.Half half : InputGroup.Half.values()) {
                    gather(weights, half, missing(groups(layer, half)));
                    pass.carry(weights, half);
                }
            }
            job.listener().advanced(1, "layer " + layer);
        }
    }

    /** The last layer of which something is missing, −1 if nothing is. */
    private int lastMissing(int layers) {
        int last = layers - 1;
        while (last >= 0 && isComplete(last)) {
            last--;
        }
        return last;
    }

    private boolean isComplete(int layer) {
        return Arrays.stream(InputGroup.Half.values()).allMatch(half -> missing(groups(layer, half)).isEmpty());
    }

    private List<InputGroup> missing(List<InputGroup> groups) {
        return groups.stream().filter(group -> StoredMoments.entries(group.key().name(), group.columns()).stream()
                .anyMatch(entry -> !job.records().has(entry.name()))).toList();
    }

    private void gather(LayerWeights weights, InputGroup.Half half, List<InputGroup> missing) {
        int next = 0;
        while (next < missing.size()) {
            List<InputGroup> wave = wave(missing.subList(next, missing.size()));
            try (Moments moments = new Moments(wave, fitting, job.budget(), job.workers())) {
                new PairedPass(pass, Optional.empty()).observe(new PairedPass.Weights(weights, weights), half, moments);
                wave.forEach(group -> write(group, moments));
            }
            next += wave.size();
        }
    }

    /** As many groups from the start as have room for their moments and the copies of one of them; at least one. */
    private List<InputGroup> wave(List<InputGroup> groups) {
        long copies = groups.stream().mapToLong(group -> 2 * Moments.bytes(group, fitting)).max().orElse(0);
        return InputGroup.wave(groups, job.budget().free() - copies, group -> Moments.bytes(group, fitting));
    }

    private void write(InputGroup group, Moments moments) {
        try (MemoryBudget.Share _ = job.budget().take("statistics to be written", 2 * Moments.bytes(group, fitting))) {
            List<MemorySegment> bytes = StoredMoments.bytes(moments.of(group).own());
            List<TensorEntry> entries = StoredMoments.entries(group.key().name(), group.columns());
            for (int i = 0; i < entries.size(); i++) {
                job.records().write(entries.get(i).name(), 0, bytes.get(i));
            }
            job.records().commit(entries.stream().map(TensorEntry::name).toList(), List.of());
        }
    }

    @Override
    public void close() {
        states.close();
        activations.close();
    }
}
