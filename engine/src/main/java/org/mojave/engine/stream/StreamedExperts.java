package org.mojave.engine.stream;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.mojave.engine.evict.EvictionPolicy;
import org.mojave.engine.kernel.LargePages;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.store.ExpertPart;
import org.mojave.engine.store.ExpertStore;
import org.mojave.format.file.DirectFile;
import org.mojave.format.file.ReadableFile;

/**
 * Experts in a slab of fixed size; what is missing is read from the checkpoint's files when a layer needs it: gate and up of all
 * missing experts first, then their down projections. A run's results do not depend on the number of slots, on what was read before,
 * or on the disk's speed.
 *
 * <p>Example: {@code try (StreamedExperts store = StreamedExperts.open(plan, 400, policy, StreamedExperts.Reading.usual())) { … }}
 */
public final class StreamedExperts implements ExpertStore {
    private final StreamPlan plan;
    private final EvictionPolicy policy;
    private final Arena arena;
    private final SlotTable table;
    private final ReadQueue queue;
    private final ReentrantLock turn = new ReentrantLock();
    private final LookAhead lookAhead;
    private final boolean[] guessedNow;
    private long aheadReads;
    private long aheadUsed;
    private long requests;
    private long hits;
    private long reads;
    private long stallNanos;

    /**
     * How files are read.
     *
     * @param opener opens them
     * @param threads reads at a time
     * @param lookAhead whether guesses are acted upon where that shortens the waiting
     */
    public record Reading(ReadableFile.Opener opener, int threads, boolean lookAhead) {
        /** Checks the number of threads. */
        public Reading {
            if (threads < 1 || threads > 64) {
                throw new IllegalArgumentException("between 1 and 64 reading threads are possible, not " + threads);
            }
        }

        /** Past the page cache, with as many reads at a time as a good disk wants. */
        public static Reading usual() {
            return new Reading(DirectFile::open, 4, false);
        }

        /** The same, with or without looking ahead. */
        public Reading lookingAhead(boolean guesses) {
            return new Reading(opener, threads, guesses);
        }
    }

    private StreamedExperts(StreamPlan plan, EvictionPolicy policy, Arena arena, SlotTable table, ReadQueue queue, boolean guesses) {
        this.plan = plan;
        this.policy = policy;
        this.arena = arena;
        this.table = table;
        this.queue = queue;
        guessedNow = new boolean[plan.numbers().total()];
        lookAhead = guesses ? new LookAhead(plan.fewestSlots()) : null;
    }

    /** Allocates the slab and opens the files. Throws CheckpointException for a file that cannot be opened. */
    public static StreamedExperts open(StreamPlan plan, int slots, EvictionPolicy policy, Reading reading) {
        if (slots < plan.fewestSlots()) {
            throw new IllegalArgumentException(slots + " slots are too few, at least " + plan.fewestSlots() + " are needed");
        }
        Set<Path> files = new LinkedHashSet<>();
        plan.records().forEach(record -> record.reads().forEach(read -> files.add(read.file())));
        @SuppressWarnings("MustBeClosedChecker") // closed with the store
        Arena arena = Arena.ofShared();
        try {
            int held = Math.min(slots, plan.numbers().total());
            SlotTable table = new SlotTable(plan, policy, LargePages.allocate(arena, held * plan.slotBytes()));
            return new StreamedExperts(plan, policy, arena, table, new ReadQueue(files, reading.opener(), reading.threads()),
                    reading.lookAhead());
        } catch (RuntimeException | OutOfMemoryError e) {
            arena.close();
            throw e;
        }
    }

    /** Slots of the slab. */
    public int slots() {
        return table.slots();
    }

    /** Whether the files are read past the page cache. */
    public boolean direct() {
        return queue.direct();
    }

    /** What was done so far. */
    public StreamStatistics statistics() {
        turn.lock();
        try {
            return new StreamStatistics(requests, hits, reads, aheadReads, aheadUsed, queue.bytes(), queue.nanos(), queue.busyNanos(),
                    stallNanos);
        } finally {
            turn.unlock();
        }
    }

    @Override
    public boolean wantsGuesses() {
        if (lookAhead == null) {
            return false;
        }
        turn.lock();
        try {
            return lookAhead.active();
        } finally {
            turn.unlock();
        }
    }

    @Override
    public void guess(int layer, int[] experts, int count) {
        if (lookAhead == null) {
            return;
        }
        turn.lock();
        try {
            int[] numbers = Arrays.stream(experts, 0, count).map(expert -> plan.first(layer) + expert).toArray();
            boolean[] missing = new boolean[count];
            for (int rank = 0; rank < count; rank++) {
                missing[rank] = table.load(numbers[rank]) == null;
            }
            lookAhead.guess(layer, numbers, missing);
            for (int rank = 0; rank < count && lookAhead.active() && queue.idle(); rank++) {
                if (missing[rank] && lookAhead.pays(rank)) {
                    readAhead(numbers[rank]);
                }
            }
        } finally {
            turn.unlock();
        }
    }

    @Override
    public boolean holds(int layer, int expert) {
        turn.lock();
        try {
            return table.load(plan.first(layer) + expert) != null;
        } finally {
            turn.unlock();
        }
    }

    @Override
    public void commit(int layer, int[] experts, int count) {
        turn.lock();
        try {
            for (int i = 0; i < count; i++) {
                if (table.load(plan.first(layer) + experts[i]) == null) {
                    readAhead(plan.first(layer) + experts[i]);
                }
            }
        } finally {
            turn.unlock();
        }
    }

    private void readAhead(int number) {
        Load load = table.place(number);
        if (load == null) {
            return;
        }
        load.setAhead(true);
        reads++;
        aheadReads++;
        for (int r = 0; r < load.record().reads().size(); r++) {
            queue.add(load, r);
        }
    }

    @Override
    public Demand demand(int layer, int[] experts, int count) {
        turn.lock();
        try {
            return new LayerDemand(layer, Arrays.stream(experts, 0, count).map(expert -> plan.first(layer) + expert).toArray());
        } catch (RuntimeException e) {
            turn.unlock();
            throw e;
        }
    }

    @Override
    public void close() {
        queue.close();
        arena.close();
    }

    /** The records that a layer needs. */
    private final class LayerDemand implements Demand {
        private final int layer;
        private final int[] numbers;
        private final boolean fits;
        /** The first of {@code numbers} that no slot was looked for yet. */
        private int next;

        LayerDemand(int layer, int[] numbers) {
            this.layer = layer;
            this.numbers = numbers;
            fits = numbers.length <= table.slots();
            policy.at(plan.index(layer));
            learn();
            for (int number : numbers) {
                policy.used(number);
                awaitEndOfFailure(number);
                Load load = table.load(number);
                requests++;
                if (load != null && load.isAhead()) {
                    load.setAhead(false);
                    aheadUsed++;
                }
                hits += load != null && load.idle() && !load.hasFailed() ? 1 : 0;
                table.need(number);
            }
            admit();
        }

        private void learn() {
            if (lookAhead == null) {
                return;
            }
            if (plan.index(layer) == 0) {
                lookAhead.step(System.nanoTime());
            }
            if (numbers.length >= plan.fewestSlots()) {
                lookAhead.ignoreStep();
            }
            for (int number : numbers) {
                guessedNow[number] = true;
            }
            lookAhead.compare(layer, guessedNow);
            for (int number : numbers) {
                guessedNow[number] = false;
            }
        }

        /** What failed before is tried again, but not while its other part is still being read. */
        private void awaitEndOfFailure(int number) {
            long seen = queue.changes();
            while (table.failing(number)) {
                queue.awaitChange(seen);
                seen = queue.changes();
            }
        }

        /** Begins to read what is missing, as far as slots can be had; the disk has work while further slots are looked for. */
        private void admit() {
            List<Load> fresh = new ArrayList<>();
            while (next < numbers.length) {
                if (table.load(numbers[next]) == null) {
                    Load load = table.place(numbers[next]);
                    if (load == null) {
                        break;
                    }
                    fresh.add(load);
                    begin(load);
                }
                next++;
            }
            fresh.forEach(this::finish);
        }

        /** All first reads before all second ones where the experts are computed together; else expert by expert. */
        private void begin(Load load) {
            reads++;
            add(load, 0, fits ? 1 : load.record().reads().size());
        }

        private void finish(Load load) {
            add(load, fits ? 1 : load.record().reads().size(), load.record().reads().size());
        }

        private void add(Load load, int first, int end) {
            for (int r = first; r < end; r++) {
                queue.add(load, r);
            }
        }

        @Override
        public int together() {
            return fits ? numbers.length : Math.max(1, table.slots() / 2);
        }

        @Override
        public boolean ready(int expert, ExpertPart part) {
            Load load = table.load(plan.first(layer) + expert);
            return load != null && load.ready(part);
        }

        @Override
        public long changes() {
            long seen = queue.changes();
            admit();
            return seen;
        }

        @Override
        public void awaitChange(long seen) {
            long start = System.nanoTime();
            queue.awaitChange(seen);
            stallNanos += System.nanoTime() - start;
        }

        @Override
        public Matrix matrix(MatrixId id) {
            int number = plan.first(layer) + id.expert();
            ExpertPart part = ExpertPart.of(id.role());
            while (true) {
                long seen = queue.changes();
                Load load = table.load(number);
                if (load == null) {
                    load = first(number);
                }
                if (load != null) {
                    table.use(number);
                    if (load.ready(part)) {
                        return load.matrix(id);
                    }
                }
                awaitChange(seen);
            }
        }

        /** Takes a slot from an expert that comes later, if need be. */
        private Load first(int number) {
            Load load = table.place(number);
            if (load == null) {
                load = table.placeFirst(number);
            }
            if (load != null) {
                begin(load);
                finish(load);
            }
            return load;
        }

        @Override
        public void done(int expert) {
            table.release(plan.first(layer) + expert);
            admit();
        }

        @Override
        public void close() {
            for (int number : numbers) {
                settle(number);
                table.release(number);
            }
            turn.unlock();
        }

        /** Lets the remaining reads of a record that failed come to an end, so that who needs it next can try anew. */
        private void settle(int number) {
            while (true) {
                long seen = queue.changes();
                Load load = table.load(number);
                if (load == null || !load.hasFailed() || load.idle()) {
                    return;
                }
                queue.awaitChange(seen);
            }
        }
    }
}
