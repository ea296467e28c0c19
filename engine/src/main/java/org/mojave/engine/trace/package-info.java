/**
 * Which experts the router chose, recorded from a run and replayed against eviction policies: {@link
 * org.mojave.engine.trace.RouteTrace} is the record, {@link org.mojave.engine.trace.TraceFile} its file, {@link
 * org.mojave.engine.trace.Replay} says how many reads a slab of slots would have taken under a policy, and {@link
 * org.mojave.engine.trace.Belady} how few were possible.
 *
 * <p>Must not know where expert matrices are stored. Start reading at {@link org.mojave.engine.trace.RouteTrace}.
 */
package org.mojave.engine.trace;
