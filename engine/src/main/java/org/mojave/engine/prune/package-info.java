/**
 * Which of a token's chosen experts may be skipped while a model runs (online dynamic pruning, ODP of Mixture Compressor, arXiv 2410.06270):
 * rules ({@link org.mojave.engine.prune.PruningRule}), tokens that lose nothing ({@link org.mojave.engine.prune.TokenImportance}), and
 * what holds a wanted share of skipped pairs: a controller ({@link org.mojave.engine.prune.SkipController}) or thresholds of a text
 * ({@link org.mojave.engine.prune.LayerThresholds}).
 *
 * <p>Pure arithmetic on arrays: must not know models, files or the forward pass.
 */
package org.mojave.engine.prune;
