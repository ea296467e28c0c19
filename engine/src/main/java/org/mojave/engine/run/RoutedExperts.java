package org.mojave.engine.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.Router;
import org.mojave.engine.store.ExpertPart;
import org.mojave.engine.store.ExpertStore;

/**
 * The routed experts of a layer: tokens are grouped by expert, each expert meets its tokens once, and each token's results are added in
 * the order of the experts' numbers, in whatever order they were computed. Where experts come from a store, a few tokens wait for
 * nothing that need not be waited for; many tokens pass through the experts in ascending order while later ones are being read.
 */
final class RoutedExperts {
    /** Rows that are computed together at least, whatever the number of tokens, where long lists of products pay. */
    static final int TOGETHER = 256;

    private final int size;
    private final Workers workers;
    private final Buffers buffers;
    private final Linears linears;
    private final Joiner joiner;
    private final Optional<ExpertStore> store;
    private final Optional<SparseExperts> sparse;
    /** Slots (token · chosen + k) in the order of the experts, and where each slot is in it; −1 where an expert is skipped. */
    private int[] slots = new int[0];
    private int[] places = new int[0];
    private int[] expertStart = new int[0];
    private int[] touched = new int[0];
    private int touchedCount;

    RoutedExperts(int size, Workers workers, Linears linears, Buffers buffers, RunParts parts) {
        this.size = size;
        this.workers = workers;
        this.buffers = buffers;
        this.linears = linears;
        store = parts.experts();
        sparse = parts.neurons().map(choice -> new SparseExperts(choice, workers, linears));
        joiner = new Joiner(workers, linears);
    }

    /** One layer's experts at work. */
    record Task(LayerWeights weights, FeedForward.Mixture mixture, Routing routing, LinearObserver observer, ExpertStore.Demand demand) {
        boolean scaleInput() {
            return mixture.router().target() == Router.Target.EXPERT_INPUT;
        }
    }

    /** Experts {@code first … end−1} of those touched. */
    private record Range(int first, int end) {}

    /** Fills MIXED with the weighted sum of the chosen experts' results; reads NORMED. An expert −1 is skipped. */
    void run(LayerWeights weights, FeedForward.Mixture mixture, Routing routing, LinearObserver observer) {
        group(routing, mixture.router().experts());
        float[] mixed = buffers.take(Buffers.Slot.MIXED, routing.tokens(), size);
        Arrays.fill(mixed, 0, routing.tokens() * size, 0);
        int rows = expertStart[mixture.router().experts()];
        sparse.ifPresent(choice -> choice.begins(weights.layer(), routing.tokens()));
        try (ExpertStore.Demand demand = store.isPresent() ? store.get().demand(weights.layer(), touched, touchedCount) : new InPlace(weights)) {
            Task task = new Task(weights, mixture, routing, observer, demand);
            if (store.isPresent() && rows <= TOGETHER && touchedCount <= demand.together()) {
                asTheyCome(task, rows);
            } else {
                inOrder(task);
            }
        }
        sparse.ifPresent(choice -> choice.ends(weights.layer()));
    }

    /** Bytes kept from call to call beside buffers. */
    long keptBytes() {
        return sparse.map(SparseExperts::keptBytes).orElse(0L);
    }

    /** Whether parts of the experts are left out; what an observer sees is whole. */
    private boolean thin(Task task) {
        return sparse.isPresent() && sparse.get().applies(task.routing().tokens()) && !task.observer().looks();
    }

    private SparseExperts.Work work(Task task, int rows) {
        int width = task.mixture().intermediate();
        return new SparseExperts.Work(task, buffers.take(Buffers.Slot.GATHERED, rows, size), buffers.take(Buffers.Slot.GATE, rows, width),
                buffers.take(Buffers.Slot.UP, rows, width), buffers.take(Buffers.Slot.EXPERT_OUTPUT, rows, size));
    }

    /** Each token of an expert; row 0 is slot {@code start}. */
    private void addSlots(int expert, int start, int chosen, List<SparseExperts.Slot> found) {
        for (int place = expertStart[expert]; place < expertStart[expert + 1]; place++) {
            found.add(new SparseExperts.Slot(expert, place - start, slots[place] / chosen));
        }
    }

    /** Experts in order of their number, as many at a time as {@link #TOGETHER} rows allow. */
    private void inOrder(Task task) {
        int most = linears.joins() && !task.observer().looks() ? Math.max(task.routing().tokens(), TOGETHER) : 1;
        int first = 0;
        while (first < touchedCount) {
            int start = expertStart[touched[first]];
            int end = first + 1;
            while (end < touchedCount && end - first < task.demand().together() && expertStart[touched[end] + 1] - start <= most) {
                end++;
            }
            together(task, new Range(first, end));
            for (int i = first; i < end; i++) {
                task.demand().done(touched[i]);
            }
            first = end;
        }
    }

    /** Computes some experts for their tokens and adds the results to MIXED. */
    private void together(Task task, Range range) {
        int width = task.mixture().intermediate();
        int start = expertStart[touched[range.first()]];
        int rows = expertStart[touched[range.end() - 1] + 1] - start;
        float[] gate = buffers.take(Buffers.Slot.GATE, rows, width);
        float[] up = buffers.take(Buffers.Slot.UP, rows, width);
        gather(task.routing(), start, rows, task.scaleInput());
        if (thin(task)) {
            thinTogether(task, range, start, rows);
            return;
        }
        for (int i = range.first(); i < range.end(); i++) {
            addGateUp(task, touched[i], start, rows);
        }
        linears.run();
        joiner.join(task.mixture().gating(), gate, up, new Joiner.Part(0, rows, width));
        for (int i = range.first(); i < range.end(); i++) {
            addDown(task, touched[i], start, rows);
        }
        linears.run();
        scatter(task.routing(), start, rows, task.scaleInput());
    }

    /** As {@link #together} with parts of the experts left out, after gathering. */
    private void thinTogether(Task task, Range range, int start, int rows) {
        List<SparseExperts.Slot> found = new ArrayList<>();
        for (int i = range.first(); i < range.end(); i++) {
            addSlots(touched[i], start, task.routing().chosen(), found);
        }
        sparse.orElseThrow().neurons(work(task, rows), found);
        sparse.orElseThrow().down(work(task, rows), found);
        scatter(task.routing(), start, rows, task.scaleInput());
    }

    /** Each expert as soon as it is there; all results are kept and added at the end. */
    private void asTheyCome(Task task, int rows) {
        gather(task.routing(), 0, rows, task.scaleInput());
        boolean[] joined = new boolean[touchedCount];
        boolean[] finished = new boolean[touchedCount];
        int left = touchedCount;
        while (left > 0) {
            long seen = task.demand().changes();
            int begun = 0;
            boolean[] now = new boolean[touchedCount];
            for (int i = 0; i < touchedCount; i++) {
                if (!joined[i] && task.demand().ready(touched[i], ExpertPart.GATE_UP)) {
                    now[i] = true;
                    begun++;
                }
            }
            if (begun > 0) {
                neurons(task, rows, now);
            }
            for (int i = 0; i < touchedCount; i++) {
                joined[i] |= now[i];
            }
            int ended = down(task, rows, joined, finished);
            left -= ended;
            if (begun + ended == 0) {
                task.demand().awaitChange(seen);
            }
        }
        scatter(task.routing(), 0, rows, task.scaleInput());
    }

    /** The neurons of some of the experts: gate and up projections, joined. */
    private void neurons(Task task, int rows, boolean[] now) {
        int width = task.mixture().intermediate();
        float[] gate = buffers.take(Buffers.Slot.GATE, rows, width);
        float[] up = buffers.take(Buffers.Slot.UP, rows, width);
        if (thin(task)) {
            sparse.orElseThrow().neurons(work(task, rows), slots(task, now));
            return;
        }
        for (int i = 0; i < touchedCount; i++) {
            if (now[i]) {
                addGateUp(task, touched[i], 0, rows);
            }
        }
        linears.run();
        for (int i = 0; i < touchedCount; i++) {
            if (now[i]) {
                joiner.join(task.mixture().gating(), gate, up, new Joiner.Part(expertStart[touched[i]], expertStart[touched[i] + 1], width));
            }
        }
    }

    private List<SparseExperts.Slot> slots(Task task, boolean[] now) {
        List<SparseExperts.Slot> found = new ArrayList<>();
        for (int i = 0; i < touchedCount; i++) {
            if (now[i]) {
                addSlots(touched[i], 0, task.routing().chosen(), found);
            }
        }
        return found;
    }

    /** Down projections of the joined experts whose down projection is there; how many. */
    private int down(Task task, int rows, boolean[] joined, boolean[] finished) {
        int ended = 0;
        boolean thin = thin(task);
        boolean[] now = new boolean[touchedCount];
        for (int i = 0; i < touchedCount; i++) {
            if (joined[i] && !finished[i] && task.demand().ready(touched[i], ExpertPart.DOWN)) {
                if (!thin) {
                    addDown(task, touched[i], 0, rows);
                }
                now[i] = true;
                finished[i] = true;
                ended++;
            }
        }
        if (thin && ended > 0) {
            sparse.orElseThrow().down(work(task, rows), slots(task, now));
        } else if (ended > 0) {
            linears.run();
        }
        return ended;
    }

    private void addGateUp(Task task, int expert, int start, int rows) {
        int width = task.mixture().intermediate();
        Linears.Input input = input(buffers.take(Buffers.Slot.GATHERED, rows, size), expert, start, rows);
        add(task, new MatrixId(MatrixRole.GATE, task.weights().layer(), expert), input, buffers.take(Buffers.Slot.GATE, rows, width));
        add(task, new MatrixId(MatrixRole.UP, task.weights().layer(), expert), input, buffers.take(Buffers.Slot.UP, rows, width));
    }

    private void addDown(Task task, int expert, int start, int rows) {
        Linears.Input input = input(buffers.take(Buffers.Slot.GATE, rows, task.mixture().intermediate()), expert, start, rows);
        add(task, new MatrixId(MatrixRole.DOWN, task.weights().layer(), expert), input, buffers.take(Buffers.Slot.EXPERT_OUTPUT, rows, size));
    }

    private void add(Task task, MatrixId id, Linears.Input input, float[] y) {
        Matrix matrix = task.demand().matrix(id);
        linears.add(new Linears.Weight(id, matrix, task.weights().bias(id)), input, new Linears.Output(y, input.firstRow()), task.observer());
    }

    private Linears.Input input(float[] x, int expert, int start, int rows) {
        return new Linears.Input(x, expertStart[expert] - start, expertStart[expert + 1] - expertStart[expert],
                buffers.take(Buffers.Slot.AFFINITY, rows, 1));
    }

    /** Copies the activations of slots {@code start … start+rows−1} to GATHERED, their weights to AFFINITY. */
    private void gather(Routing routing, int start, int rows, boolean scaleInput) {
        float[] normed = buffers.take(Buffers.Slot.NORMED, routing.tokens(), size);
        float[] gathered = buffers.take(Buffers.Slot.GATHERED, rows, size);
        float[] affinity = buffers.take(Buffers.Slot.AFFINITY, rows, 1);
        Rows.forEach(workers, rows, (first, end) -> {
            for (int i = first; i < end; i++) {
                int slot = slots[start + i];
                affinity[i] = routing.weights()[slot];
                System.arraycopy(normed, slot / routing.chosen() * size, gathered, i * size, size);
                if (scaleInput) {
                    scale(gathered, i * size, affinity[i]);
                }
            }
        });
    }

    /** Adds the rows of EXPERT_OUTPUT to their tokens' rows of MIXED, each token's in the order of the experts. */
    private void scatter(Routing routing, int start, int rows, boolean scaleInput) {
        int chosen = routing.chosen();
        float[] output = buffers.take(Buffers.Slot.EXPERT_OUTPUT, rows, size);
        float[] affinity = buffers.take(Buffers.Slot.AFFINITY, rows, 1);
        float[] mixed = buffers.take(Buffers.Slot.MIXED, routing.tokens(), size);
        Rows.forEach(workers, routing.tokens(), (first, end) -> {
            for (int t = first; t < end; t++) {
                int done = start - 1;
                for (int k = 0; k < chosen; k++) {
                    int next = start + rows;
                    for (int slot = t * chosen; slot < (t + 1) * chosen; slot++) {
                        next = places[slot] > done ? Math.min(next, places[slot]) : next;
                    }
                    if (next == start + rows) {
                        break;
                    }
                    int row = next - start;
                    add(output, row * size, mixed, t * size, scaleInput ? 1 : affinity[row]);
                    done = next;
                }
            }
        });
    }

    /** Counting sort of the slots by expert: tokens stay in order within an expert. */
    private void group(Routing routing, int experts) {
        int count = routing.tokens() * routing.chosen();
        if (slots.length < count) {
            slots = new int[count];
            places = new int[count];
        }
        if (expertStart.length != experts + 1) {
            expertStart = new int[experts + 1];
            touched = new int[experts];
        }
        Arrays.fill(expertStart, 0);
        for (int i = 0; i < count; i++) {
            if (routing.experts()[i] >= 0) {
                expertStart[routing.experts()[i] + 1]++;
            }
        }
        touchedCount = 0;
        for (int e = 0; e < experts; e++) {
            if (expertStart[e + 1] > 0) {
                touched[touchedCount++] = e;
            }
            expertStart[e + 1] += expertStart[e];
        }
        for (int i = 0; i < count; i++) {
            int expert = routing.experts()[i];
            places[i] = expert < 0 ? -1 : expertStart[expert]++;
            if (expert >= 0) {
                slots[places[i]] = i;
            }
        }
        System.arraycopy(expertStart, 0, expertStart, 1, experts);
        expertStart[0] = 0;
    }

    private void scale(float[] x, int from, float factor) {
        for (int i = from; i < from + size; i++) {
            x[i] *= factor;
        }
    }

    /** Adds one hidden vector times {@code factor}. */
    private void add(float[] x, int from, float[] y, int to, float factor) {
        for (int i = 0; i < size; i++) {
            y[to + i] += x[from + i] * factor;
        }
    }

    /** The matrices of a layer as they are. */
    private record InPlace(LayerWeights weights) implements ExpertStore.Present {
        @Override
        public Matrix matrix(MatrixId id) {
            return weights.matrix(id);
        }
    }
}
