package org.mojave.compress.allocate;

/**
 * Partial answers that do not dominate each other: bytes ascend, cost strictly falls, both counted from base. {@code change} is
 * the newest entry of a {@link ChangeLog}; {@code pending} a choice of the menu being opened that is not yet in the log.
 */
final class StateList {
    /** The menu being opened stays at base. */
    static final int UNCHANGED = -1;

    private final long[] bytes;
    private final double[] cost;
    private final int[] change;
    private final int[] pending;
    private int size;

    StateList(int capacity) {
        bytes = new long[capacity];
        cost = new double[capacity];
        change = new int[capacity];
        pending = new int[capacity];
    }

    /** Base alone. */
    static StateList start() {
        StateList list = new StateList(1);
        list.add(0, 0, ChangeLog.NONE, UNCHANGED);
        return list;
    }

    int size() {
        return size;
    }

    long bytes(int s) {
        return bytes[s];
    }

    double cost(int s) {
        return cost[s];
    }

    int change(int s) {
        return change[s];
    }

    int pending(int s) {
        return pending[s];
    }

    /** Appends unless the last state is at least as good; states must come by ascending bytes, then cost. */
    void add(long stateBytes, double stateCost, int stateChange, int statePending) {
        if (size > 0 && cost[size - 1] <= stateCost) {
            return;
        }
        bytes[size] = stateBytes;
        cost[size] = stateCost;
        change[size] = stateChange;
        pending[size] = statePending;
        size++;
    }

    /** Replaces the log entry of every state by its new number. */
    void renumber(int[] numbers) {
        for (int s = 0; s < size; s++) {
            change[s] = change[s] == ChangeLog.NONE ? ChangeLog.NONE : numbers[change[s]];
        }
    }

    /** This list together with every state of {@code source} after taking {@code choice}, which adds bytes and cost. */
    StateList merge(StateList source, long addedBytes, double addedCost, int choice) {
        StateList merged = new StateList(size + source.size);
        int a = 0;
        int b = 0;
        while (a < size || b < source.size) {
            if (b == source.size || (a < size && before(a, source, b, addedBytes, addedCost))) {
                merged.add(bytes[a], cost[a], change[a], pending[a]);
                a++;
            } else {
                merged.add(source.bytes[b] + addedBytes, source.cost[b] + addedCost, source.change[b], choice);
                b++;
            }
        }
        return merged;
    }

    private boolean before(int a, StateList source, int b, long addedBytes, double addedCost) {
        long other = source.bytes[b] + addedBytes;
        return bytes[a] < other || (bytes[a] == other && cost[a] <= source.cost[b] + addedCost);
    }
}
