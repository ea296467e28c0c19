package org.mojave.engine.evict;

/**
 * Says which experts are worth keeping. Whoever holds them never asks about one that is in use, and evicts the one worth least (of
 * equals the smallest number). For one thread at a time.
 *
 * <p>Example: {@code policy.at(layer); policy.used(number); double worth = policy.worth(other);}
 */
public interface EvictionPolicy {
    /** For people. */
    String name();

    /** Experts of that layer (counted among those with experts) are used next. A layer not above the last one begins a new step. */
    void at(int layer);

    /** An expert of the layer is used, once per step whatever the number of tokens. */
    void used(int number);

    /** Higher is worth more; comparable between calls that no {@link #used} or {@link #at} separates. */
    double worth(int number);
}
