package org.mojave.engine.run;

import java.util.EnumMap;
import java.util.Map;

/** Float arrays that are reused from step to step and only ever grow; contents are undefined when taken. */
final class Buffers {
    /** What an array is for; no two uses that overlap in time share a slot. */
    enum Slot {
        NORMED, QUERY, KEY, VALUE, COMPRESSED, EXPANDED, CONTEXT, OUTPUT, ROUTER, GATE, UP, GATHERED, EXPERT_OUTPUT, MIXED,
        SHARED_SCALE, AFFINITY, ROUTER_WEIGHTS, HIDDEN, LAST, LOGITS
    }

    private final Map<Slot, float[]> arrays = new EnumMap<>(Slot.class);

    /** An array of at least {@code rows · columns} floats. */
    float[] take(Slot slot, int rows, int columns) {
        int size = Math.multiplyExact(rows, columns);
        float[] array = arrays.get(slot);
        if (array == null || array.length < size) {
            array = new float[size];
            arrays.put(slot, array);
        }
        return array;
    }

    /** Bytes held now. */
    long bytes() {
        return arrays.values().stream().mapToLong(array -> 4L * array.length).sum();
    }
}
