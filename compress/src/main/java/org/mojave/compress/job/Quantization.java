package org.mojave.compress.job;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.calibrate.MomentSource;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.report.MatrixResult;
import org.mojave.compress.transform.ChangedMatrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.format.packed.PackedLayout;

/**
 * Quantizes matrices slab by slab, several at a time, and writes and journals each matrix when its last slab is done. Which
 * slabs are worked on together depends on memory and threads; what comes out does not.
 */
final class Quantization {
    /** Weights of a slab where rows are rounded by themselves. */
    private static final int SLAB_WEIGHTS = 1 << 22;
    /** Slabs worked on together, for each thread. */
    private static final int SLABS_PER_THREAD = 8;

    private final JobContext job;
    private final SlabQuantizer quantizer;
    private final Map<PlannedMatrix, Tally> tallies = new LinkedHashMap<>();

    /** What is known of a matrix so far. */
    private static final class Tally {
        private double error;
        private double reference;
        private long tokens;
        private MatrixResult.Evidence evidence = MatrixResult.Evidence.NONE;
        private String state;
        private final List<JobEvent> events = new ArrayList<>();
    }

    Quantization(JobContext job) {
        this.job = job;
        quantizer = new SlabQuantizer(job.preparation().plan().source(), job.preparation().request().recipe(), job.workers().algebra());
    }

    /** Bytes that the largest piece of work on a matrix takes. */
    static long bytes(Recipe recipe, PlannedMatrix matrix) {
        if (matrix.scheme().isEmpty()) {
            return 0;
        }
        Method used = matrix.id().layer() == MatrixId.NONE ? Method.RTN : recipe.method();
        int rows = switch (used) {
            case RTN, HQQ -> slabRows(matrix);
            case AWQ, GPTQ -> matrix.shape().rows();
        };
        return SlabQuantizer.bytes(new Slab(new InputGroup(List.of(matrix)), matrix, 0, rows), used, recipe.fitting());
    }

    /** As {@link #bytes}, of the plan's largest matrix, or what rewriting one takes, if that is more. */
    long leastBytes() {
        Recipe recipe = job.preparation().request().recipe();
        return job.preparation().plan().matrices().stream().mapToLong(matrix -> bytes(recipe, matrix))
                .reduce(PreparedLayer.matrixBytes(job.preparation().source()), Math::max);
    }

    /** The matrices of a group that are not on disk yet. */
    List<PlannedMatrix> missing(InputGroup group) {
        return group.matrices().stream().filter(matrix -> !job.records().has(matrix.id().name())).toList();
    }

    /** Rounds embedding and head. */
    void vocabulary(List<PlannedMatrix> matrices) {
        round(matrices.stream().map(matrix -> new InputGroup(List.of(matrix))).toList());
    }

    /** Rounds what is missing of these groups. */
    void round(List<InputGroup> groups) {
        List<Slab> slabs = new ArrayList<>();
        for (InputGroup group : groups) {
            for (PlannedMatrix matrix : missing(group)) {
                int step = rowsTogether(matrix);
                for (int row = 0; row < matrix.shape().rows(); row += step) {
                    slabs.add(new Slab(group, matrix, row, Math.min(step, matrix.shape().rows() - row)));
                }
            }
        }
        process(slabs, Optional.empty(), Scaling.NONE);
    }

    /** Quantizes what is missing of these groups with what was seen of their inputs, after folding scales into them. */
    void compensate(List<InputGroup> groups, MomentSource moments, Scaling scaling) {
        List<Slab> slabs = new ArrayList<>();
        for (InputGroup group : groups) {
            missing(group).forEach(matrix -> slabs.add(new Slab(group, matrix, 0, matrix.shape().rows())));
        }
        process(slabs, Optional.of(moments), scaling);
    }

    /** Rows of a slab; all where each would otherwise take the whole matrix to decode. */
    private int rowsTogether(PlannedMatrix matrix) {
        return job.preparation().source().model().weights().matrix(matrix.id()) instanceof ChangedMatrix changed && changed.mixesRows()
                ? matrix.shape().rows() : slabRows(matrix);
    }

    private static int slabRows(PlannedMatrix matrix) {
        int tiles = Math.max(1, SLAB_WEIGHTS / matrix.shape().columns() / PackedLayout.TILE_ROWS);
        return Math.min(matrix.shape().rows(), tiles * PackedLayout.TILE_ROWS);
    }

    private void process(List<Slab> slabs, Optional<MomentSource> moments, Scaling scaling) {
        Recipe recipe = job.preparation().request().recipe();
        Fitting fitting = recipe.fitting();
        Method method = moments.isPresent() ? recipe.method() : Method.RTN;
        int next = 0;
        while (next < slabs.size()) {
            long bytes = SlabQuantizer.bytes(slabs.get(next), method, fitting);
            int end = next + 1;
            while (end < slabs.size() && end - next < SLABS_PER_THREAD * job.workers().threads()
                    && bytes + SlabQuantizer.bytes(slabs.get(end), method, fitting) <= job.budget().free()) {
                bytes += SlabQuantizer.bytes(slabs.get(end), method, fitting);
                end++;
            }
            try (MemoryBudget.Share _ = job.budget().take("a matrix being quantized", bytes)) {
                quantize(slabs.subList(next, end), moments, scaling);
            }
            next = end;
        }
    }

    private void quantize(List<Slab> batch, Optional<MomentSource> moments, Scaling scaling) {
        SlabQuantizer.Outcome[] outcomes = new SlabQuantizer.Outcome[batch.size()];
        job.stages().time("quantize", () -> {
            Map<InputGroup, SlabQuantizer.Prepared> prepared = moments.map(m -> prepare(batch, m)).orElse(Map.of());
            job.workers().run(batch.size(), (index, _) -> outcomes[index] = quantizer.quantize(batch.get(index),
                    Optional.ofNullable(prepared.get(batch.get(index).group())), scaling));
        });
        write(batch, outcomes);
    }

    /** Makes each group's Hessian ready once for all its matrices. */
    private Map<InputGroup, SlabQuantizer.Prepared> prepare(List<Slab> batch, MomentSource moments) {
        List<InputGroup> groups = batch.stream().map(Slab::group).distinct().toList();
        SlabQuantizer.Prepared[] prepared = new SlabQuantizer.Prepared[groups.size()];
        job.workers().run(groups.size(), (index, _) -> prepared[index] = quantizer.prepare(groups.get(index), moments));
        Map<InputGroup, SlabQuantizer.Prepared> all = new HashMap<>();
        for (int g = 0; g < prepared.length; g++) {
            all.put(groups.get(g), prepared[g]);
        }
        return all;
    }

    private void write(List<Slab> batch, SlabQuantizer.Outcome[] outcomes) {
        List<String> names = new ArrayList<>();
        List<MatrixResult> results = new ArrayList<>();
        job.stages().time("write", () -> {
            for (int i = 0; i < outcomes.length; i++) {
                Slab slab = batch.get(i);
                Tally tally = tallies.computeIfAbsent(slab.matrix(), _ -> new Tally());
                add(tally, outcomes[i]);
                job.records().write(slab.matrix().id().name(), slab.offset(), MemorySegment.ofArray(outcomes[i].packed()));
                if (slab.isLast()) {
                    names.add(slab.matrix().id().name());
                    results.add(result(slab.matrix(), tallies.remove(slab.matrix())));
                }
            }
            job.records().commit(names, results);
        });
        for (Slab slab : batch) {
            job.listener().advanced(slab.weights(), slab.matrix().id().name());
        }
    }

    private void add(Tally tally, SlabQuantizer.Outcome outcome) {
        tally.error += outcome.error();
        tally.reference += outcome.reference();
        tally.tokens = outcome.tokens();
        tally.evidence = outcome.evidence();
        tally.state = outcome.method().wireName();
        tally.events.addAll(outcome.events());
        outcome.events().forEach(job::raise);
    }

    private static MatrixResult result(PlannedMatrix matrix, Tally tally) {
        double error = tally.reference == 0 ? 0 : tally.error / tally.reference;
        return new MatrixResult(matrix.id().name(), matrix.shape().rows(), matrix.shape().columns(), tally.state,
                matrix.scheme().orElseThrow().id(), matrix.layout().bytes(), tally.tokens, tally.evidence, error, tally.events);
    }
}
