/**
 * Which expert leaves a full slab of slots when another one is needed. A policy hears what is used and says what is worth keeping; it
 * knows numbers of experts and nothing else, so that a run and a replay of its trace decide alike.
 *
 * <p>Must not know files, matrices or the forward pass. Start reading at {@link org.mojave.engine.evict.EvictionPolicy}.
 */
package org.mojave.engine.evict;
