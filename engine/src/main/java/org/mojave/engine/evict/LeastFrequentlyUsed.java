package org.mojave.engine.evict;

/** LFU: evicts what was used least often since the start; counts never age and survive eviction. */
public final class LeastFrequentlyUsed implements EvictionPolicy {
    private final long[] uses;

    /** Nothing used yet. */
    public LeastFrequentlyUsed(ExpertNumbers experts) {
        uses = new long[experts.total()];
    }

    @Override
    public String name() {
        return "LFU";
    }

    @Override
    public void at(int layer) {}

    @Override
    public void used(int number) {
        uses[number]++;
    }

    @Override
    public double worth(int number) {
        return uses[number];
    }
}
