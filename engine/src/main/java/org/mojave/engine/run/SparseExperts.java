package org.mojave.engine.run;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.ProductList;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.Gating;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;

/**
 * Experts of which a {@link NeuronChoice} leaves parts out, one token of one expert at a time. What is left out counts as zero: results are
 * those of the whole matrices with these inputs and neurons set to zero, whatever of the matrices can be left unread.
 */
final class SparseExperts {
    /** Neurons are left out in blocks of the rows that packed matrices store together, at least. */
    private static final int NEURONS = 16;

    private final NeuronChoice choice;
    private final Linears linears;
    private final Joiner joiner;
    private final ColumnNorms norms;
    private final Map<Integer, int[]> allTiles = new HashMap<>();
    private long bytes;
    private long sparedBefore;
    private float[] activations = new float[0];
    private float[] ones = new float[0];

    SparseExperts(NeuronChoice choice, Workers workers, Linears linears) {
        this.choice = choice;
        this.linears = linears;
        joiner = new Joiner(workers, linears);
        norms = new ColumnNorms(workers);
    }

    /** One token that meets one expert; its components are in row {@code row} of all buffers. */
    record Slot(int expert, int row, int token) {}

    /**
     * What is computed, and where: [rows, hidden] {@code input} and {@code output}, [rows, intermediate] {@code gate} and {@code up}.
     */
    record Work(RoutedExperts.Task task, float[] input, float[] gate, float[] up, float[] output) {
        MatrixId id(MatrixRole role, Slot slot) {
            return new MatrixId(role, task.weights().layer(), slot.expert());
        }

        Matrix matrix(MatrixRole role, Slot slot) {
            return task.demand().matrix(id(role, slot));
        }

        int width() {
            return task.mixture().intermediate();
        }
    }

    /** Whether parts are left out in a call of so many tokens. */
    boolean applies(int tokens) {
        return tokens == 1 || linears.independent();
    }

    void begins(int layer, int tokens) {
        choice.begins(layer, tokens);
        bytes = 0;
        sparedBefore = linears.sparedBytes();
    }

    void ends(int layer) {
        choice.ends(layer, new NeuronChoice.Reads(bytes, linears.sparedBytes() - sparedBefore));
    }

    /** Bytes kept from token to token. */
    long keptBytes() {
        return norms.bytes() + (long) Float.BYTES * (activations.length + ones.length);
    }

    /** The neurons of some slots, in {@code gate}: joined gate and up projections. */
    void neurons(Work work, List<Slot> slots) {
        switch (choice.way()) {
            case GATE_FIRST -> gateFirst(work, slots);
            case BY_COLUMN_NORMS -> {
                for (Slot slot : slots) {
                    dropInputs(work, slot);
                    add(work, MatrixRole.GATE, slot, all(work.width()));
                    add(work, MatrixRole.UP, slot, all(work.width()));
                }
                linears.run();
                slots.forEach(slot -> join(work, slot));
            }
        }
    }

    /** The down projections of slots whose neurons are there. */
    void down(Work work, List<Slot> slots) {
        for (Slot slot : slots) {
            Matrix down = work.matrix(MatrixRole.DOWN, slot);
            if (choice.way() == NeuronChoice.Way.BY_COLUMN_NORMS) {
                float[] squares = norms.squares(work.id(MatrixRole.DOWN, slot), down);
                drop(question(work, slot, NeuronChoice.Part.NEURONS), new Blocks(work.gate(), slot.row() * work.width(), work.width(),
                        ProductList.unitColumns(down)), squares);
            }
            add(work, MatrixRole.DOWN, slot, all(down.rows()));
        }
        linears.run();
    }

    private void gateFirst(Work work, List<Slot> slots) {
        int width = work.width();
        for (Slot slot : slots) {
            add(work, MatrixRole.GATE, slot, all(width));
        }
        linears.run();
        BitSet[] kept = new BitSet[slots.size()];
        for (int i = 0; i < kept.length; i++) {
            Slot slot = slots.get(i);
            int block = Math.max(NEURONS, ProductList.unitColumns(work.matrix(MatrixRole.UP, slot)));
            activate(work, slot);
            kept[i] = choice.kept(question(work, slot, NeuronChoice.Part.NEURONS), new Blocks(activations, 0, width, block).scores(ones));
            add(work, MatrixRole.UP, slot, tiles(kept[i], block, width));
        }
        linears.run();
        for (int i = 0; i < kept.length; i++) {
            join(work, slots.get(i));
            int block = Math.max(NEURONS, ProductList.unitColumns(work.matrix(MatrixRole.UP, slots.get(i))));
            new Blocks(work.gate(), slots.get(i).row() * width, width, block).keepOnly(kept[i]);
        }
    }

    /** The activation of the gate projection alone, as if up projections changed nothing. */
    private void activate(Work work, Slot slot) {
        int width = work.width();
        if (activations.length < width) {
            activations = new float[width];
            ones = new float[width];
            Arrays.fill(ones, 1);
        }
        Gating gating = work.task().mixture().gating();
        System.arraycopy(work.gate(), slot.row() * width, activations, 0, width);
        joiner.join(gating, activations, gating instanceof Gating.Clamped ? new float[width] : ones, new Joiner.Part(0, 1, width));
    }

    private void dropInputs(Work work, Slot slot) {
        Matrix gate = work.matrix(MatrixRole.GATE, slot);
        Matrix up = work.matrix(MatrixRole.UP, slot);
        float[] squares = norms.squares(work.id(MatrixRole.GATE, slot), gate, up);
        int block = Math.max(ProductList.unitColumns(gate), ProductList.unitColumns(up));
        drop(question(work, slot, NeuronChoice.Part.INPUTS), new Blocks(work.input(), slot.row() * gate.columns(), gate.columns(), block), squares);
    }

    private void drop(NeuronChoice.Question question, Blocks blocks, float[] squares) {
        blocks.keepOnly(choice.kept(question, blocks.scores(squares)));
    }

    private static NeuronChoice.Question question(Work work, Slot slot, NeuronChoice.Part part) {
        return new NeuronChoice.Question(work.task().weights().layer(), slot.token(), slot.expert(), part);
    }

    private void join(Work work, Slot slot) {
        joiner.join(work.task().mixture().gating(), work.gate(), work.up(), new Joiner.Part(slot.row(), slot.row() + 1, work.width()));
    }

    private void add(Work work, MatrixRole role, Slot slot, int[] tiles) {
        Matrix matrix = work.matrix(role, slot);
        bytes += matrix.storedBytes();
        float[] from = role == MatrixRole.DOWN ? work.gate() : work.input();
        float[] to = role == MatrixRole.DOWN ? work.output() : role == MatrixRole.UP ? work.up() : work.gate();
        linears.addSparse(new Linears.Weight(work.id(role, slot), matrix, work.task().weights().bias(work.id(role, slot))), tiles,
                new Linears.Input(from, slot.row(), 1, null), new Linears.Output(to, slot.row()));
    }

    private int[] all(int rows) {
        return allTiles.computeIfAbsent(Math.ceilDiv(rows, NEURONS), count -> IntStream.range(0, count).toArray());
    }

    /** Blocks of 16 rows of the kept blocks of neurons. */
    private static int[] tiles(BitSet kept, int block, int neurons) {
        int each = block / NEURONS;
        return IntStream.range(0, Math.ceilDiv(neurons, NEURONS)).filter(tile -> kept.get(tile / each)).toArray();
    }

    /** Components {@code from … from+count−1} of an array, in blocks of {@code width}. */
    private record Blocks(float[] x, int from, int count, int width) {
        /** Σ x² · square of a block. */
        float[] scores(float[] squares) {
            float[] scores = new float[Math.ceilDiv(count, width)];
            for (int block = 0; block < scores.length; block++) {
                float sum = 0;
                for (int i = block * width; i < Math.min(count, (block + 1) * width); i++) {
                    sum += x[from + i] * x[from + i] * squares[i];
                }
                scores[block] = sum;
            }
            return scores;
        }

        void keepOnly(BitSet kept) {
            for (int block = kept.nextClearBit(0); block * width < count; block = kept.nextClearBit(block + 1)) {
                Arrays.fill(x, from + block * width, from + Math.min(count, (block + 1) * width), 0);
            }
        }
    }
}
