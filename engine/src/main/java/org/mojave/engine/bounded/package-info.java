/**
 * Modes that trade exactness for speed on request: experts of small weight left out when they would have to be read, fewer experts per
 * token, routes that are fixed before the layer's attention, neurons and inputs of experts left out. Every decision can be written to a log and replayed from it, so that a run
 * can be repeated to the bit although decisions depend on what was in memory.
 *
 * <p>Must not know the command line or how experts are read. Start reading at {@link org.mojave.engine.bounded.Bounded}.
 */
package org.mojave.engine.bounded;
