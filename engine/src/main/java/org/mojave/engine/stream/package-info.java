/**
 * Experts that are read from disk when they are needed: a fixed slab of slots in memory, an eviction policy, and a few threads that
 * read expert records past the page cache. {@link org.mojave.engine.stream.StreamPlan} finds the records in the files, {@link
 * org.mojave.engine.stream.StreamedExperts} is the store.
 *
 * <p>Must not know the forward pass or what a router is. Start reading at {@link org.mojave.engine.stream.StreamedExperts}.
 */
package org.mojave.engine.stream;
