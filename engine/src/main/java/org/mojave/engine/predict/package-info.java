/**
 * Which experts a layer will need, guessed from those that earlier layers used (activation paths, EdgeMoE, arXiv 2308.14352). Knows
 * numbers of experts and nothing else, so that a run and a replay of its trace guess alike.
 *
 * <p>Must not know files, matrices or the forward pass. Start reading at {@link org.mojave.engine.predict.RoutePredictor}.
 */
package org.mojave.engine.predict;
