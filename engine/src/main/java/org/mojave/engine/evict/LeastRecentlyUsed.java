package org.mojave.engine.evict;

/** LRU: evicts what was used longest ago. Keeps nothing of use where the slots are fewer than one token touches. */
public final class LeastRecentlyUsed implements EvictionPolicy {
    private final long[] lastUse;
    private long clock;

    /** Nothing used yet. */
    public LeastRecentlyUsed(ExpertNumbers experts) {
        lastUse = new long[experts.total()];
    }

    @Override
    public String name() {
        return "LRU";
    }

    @Override
    public void at(int layer) {}

    @Override
    public void used(int number) {
        lastUse[number] = ++clock;
    }

    @Override
    public double worth(int number) {
        return lastUse[number];
    }
}
