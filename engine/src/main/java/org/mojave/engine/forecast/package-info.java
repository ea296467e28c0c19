/**
 * How fast a model will generate, before it is run: the performance model of MoE-Lens (arXiv 2504.09345) for one processor and one disk.
 * {@link org.mojave.engine.forecast.DecodeSpeed} measures computing, {@link org.mojave.engine.stream.ReadSpeed} measures reading, a
 * replayed trace says how often experts are missing, and {@link org.mojave.engine.forecast.TokenForecast} puts them together.
 *
 * <p>Must not know the command line. Start reading at {@link org.mojave.engine.forecast.TokenForecast}.
 */
package org.mojave.engine.forecast;
