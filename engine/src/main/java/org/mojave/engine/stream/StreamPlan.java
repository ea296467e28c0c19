package org.mojave.engine.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.mojave.engine.evict.ExpertNumbers;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.engine.store.Weights;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.checkpoint.FileRange;
import org.mojave.format.checkpoint.TensorChecksums;

/**
 * The expert records of a checkpoint and what a slab for them takes; nothing of them is read yet.
 *
 * <p>Example: {@code StreamPlan.of(spec, weights, checkpoint).slotBytes()}.
 */
public final class StreamPlan {
    private static final List<MatrixRole> ROLES = List.of(MatrixRole.GATE, MatrixRole.UP, MatrixRole.DOWN);

    private final List<ExpertRecord> records;
    private final ExpertNumbers numbers;
    private final int[] firstOfLayer;
    private final int[] indexOfLayer;
    private final long slotBytes;
    private final int largestChoice;
    private final int cycle;
    private final int checked;

    private StreamPlan(ModelSpec spec, List<ExpertRecord> records, ExpertNumbers numbers, int checked) {
        this.records = records;
        this.numbers = numbers;
        this.checked = checked;
        firstOfLayer = new int[spec.layers().size()];
        indexOfLayer = new int[spec.layers().size()];
        int index = 0;
        int largest = 0;
        int sum = 0;
        for (int layer = 0; layer < firstOfLayer.length; layer++) {
            if (spec.layer(layer).feedForward() instanceof FeedForward.Mixture mixture) {
                indexOfLayer[layer] = index;
                firstOfLayer[layer] = numbers.number(index++, 0);
                largest = Math.max(largest, mixture.router().chosen());
                sum += mixture.router().chosen();
            }
        }
        largestChoice = largest;
        cycle = sum;
        slotBytes = records.stream().mapToLong(ExpertRecord::slotBytes).max().orElseThrow();
    }

    /**
     * Finds the records. Throws {@link UnsupportedModelException} for a model without experts, or with experts stored in a way that
     * cannot be read piecewise.
     */
    public static StreamPlan of(ModelSpec spec, Weights weights, Checkpoint checkpoint) {
        TensorChecksums checksums = TensorChecksums.open(checkpoint.folder());
        List<ExpertRecord> records = new ArrayList<>();
        List<Integer> perLayer = new ArrayList<>();
        int checked = 0;
        for (int layer = 0; layer < spec.layers().size(); layer++) {
            if (spec.layer(layer).feedForward() instanceof FeedForward.Mixture mixture) {
                int experts = mixture.router().experts();
                perLayer.add(experts);
                for (int expert = 0; expert < experts; expert++) {
                    List<ExpertRecord.Source> sources = new ArrayList<>();
                    for (MatrixRole role : ROLES) {
                        sources.add(source(new MatrixId(role, layer, expert), weights, checkpoint, checksums));
                    }
                    checked += sources.stream().allMatch(source -> source.checksum().isPresent()) ? 1 : 0;
                    records.add(ExpertRecord.of(records.size(), sources));
                }
            }
        }
        if (records.isEmpty()) {
            throw new UnsupportedModelException(checkpoint.folder() + ": has no layer with experts, so there is nothing to stream; use --store mapped");
        }
        return new StreamPlan(spec, records, new ExpertNumbers(perLayer), checked);
    }

    private static ExpertRecord.Source source(MatrixId id, Weights weights, Checkpoint checkpoint, TensorChecksums checksums) {
        Matrix matrix = weights.matrix(id);
        FileRange range = checkpoint.locate(ExpertRecord.mapped(id, matrix));
        Set<String> tensors = weights.tensorNamesOf(id);
        String tensor = tensors.iterator().next();
        boolean whole = tensors.size() == 1 && checkpoint.tensor(tensor).bytes().byteSize() == range.bytes();
        return new ExpertRecord.Source(id, matrix, range, whole ? checksums.of(tensor) : OptionalInt.empty());
    }

    /** All records, by number. */
    List<ExpertRecord> records() {
        return records;
    }

    /** The experts as numbers for policies. */
    public ExpertNumbers numbers() {
        return numbers;
    }

    /** The number of expert 0 of a transformer layer. */
    int first(int layer) {
        return firstOfLayer[layer];
    }

    /** Which one of the layers with experts a transformer layer is. */
    int index(int layer) {
        return indexOfLayer[layer];
    }

    /** The transformer layer that is that one of those with experts. */
    int layer(int index) {
        int number = numbers.number(index, 0);
        return records.get(number).layer();
    }

    /** Bytes of one slot: the largest record in whole blocks. */
    public long slotBytes() {
        return slotBytes;
    }

    /** Bytes that are read for one expert, on average over all. */
    public double expertBytes() {
        return records.stream().flatMap(record -> record.reads().stream()).mapToLong(ExpertRecord.Read::bytes).sum() / (double) records.size();
    }

    /** Fewest slots that work: the experts of one token in one layer, and one to read into. */
    public int fewestSlots() {
        return Math.min(numbers.total(), largestChoice + 1);
    }

    /** Experts that one token uses in all layers; with fewer slots hardly anything is kept from one token to the next. */
    public int cycle() {
        return cycle;
    }

    /** Experts whose bytes are checked when they are first read. */
    public int checkedExperts() {
        return checked;
    }
}
