package org.mojave.engine.stream;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.mojave.engine.evict.EvictionPolicy;

/** Which record is in which slot, and which one leaves next. For the store's owner. */
final class SlotTable {
    private final List<ExpertRecord> records;
    private final EvictionPolicy policy;
    private final MemorySegment slab;
    private final long slotBytes;
    private final Load[] slots;
    private final Load[] loads;
    private final boolean[] needed;
    private final boolean[] used;
    private final boolean[] verified;

    SlotTable(StreamPlan plan, EvictionPolicy policy, MemorySegment slab) {
        records = plan.records();
        this.policy = policy;
        this.slab = slab;
        slotBytes = plan.slotBytes();
        slots = new Load[Math.toIntExact(slab.byteSize() / slotBytes)];
        loads = new Load[records.size()];
        needed = new boolean[records.size()];
        used = new boolean[records.size()];
        verified = new boolean[2 * records.size()];
    }

    int slots() {
        return slots.length;
    }

    /** The load of a record, or null. One that failed makes room for another try. */
    Load load(int number) {
        Load load = loads[number];
        if (load != null && load.hasFailed() && load.idle() && !needed[number]) {
            remove(load);
            return null;
        }
        return load;
    }

    /** Whether a read of the record failed while another one still goes on. */
    boolean failing(int number) {
        return loads[number] != null && loads[number].hasFailed() && !loads[number].idle();
    }

    /** Marks a record as needed by the current layer: it stays if at all possible. */
    void need(int number) {
        needed[number] = true;
    }

    /** Marks a needed record as being multiplied with: it stays. */
    void use(int number) {
        used[number] = true;
    }

    /** Takes both marks away. */
    void release(int number) {
        needed[number] = false;
        used[number] = false;
    }

    /** A slot for a record, where one is free or holds what is not needed; else null. */
    Load place(int number) {
        int best = -1;
        double least = 0;
        for (int s = 0; s < slots.length; s++) {
            Load held = slots[s];
            if (held == null) {
                return put(number, s);
            }
            int other = held.record().number();
            if (needed[other] || !held.idle()) {
                continue;
            }
            double worth = held.hasFailed() ? Double.NEGATIVE_INFINITY : policy.worth(other);
            if (best < 0 || worth < least || (worth == least && other < slots[best].record().number())) {
                best = s;
                least = worth;
            }
        }
        return best < 0 ? null : put(number, best);
    }

    /** A slot for a record that is needed now, taken from the one that is needed last; null if all are in use or being read. */
    Load placeFirst(int number) {
        int best = -1;
        for (int s = 0; s < slots.length; s++) {
            int other = slots[s].record().number();
            if (!used[other] && slots[s].idle() && (best < 0 || other > slots[best].record().number())) {
                best = s;
            }
        }
        return best < 0 ? null : put(number, best);
    }

    private Load put(int number, int slot) {
        if (slots[slot] != null) {
            remove(slots[slot]);
        }
        Load load = new Load(records.get(number), slot, slab.asSlice(slot * slotBytes, slotBytes), verified);
        slots[slot] = load;
        loads[number] = load;
        return load;
    }

    private void remove(Load load) {
        slots[load.slot()] = null;
        loads[load.record().number()] = null;
    }
}
