/**
 * How good a model is: perplexity of texts, and how far its predictions are from another model's (Kullback-Leibler
 * divergence, agreement of the most probable token), with standard errors.
 *
 * <p>The protocol: a text is encoded as a whole without special tokens and cut into windows that do not overlap, a last
 * partial one is dropped; each window is run alone from position 0; the loss is the mean over its tokens but the first.
 *
 * <p>Must not know how a model was made or how results are shown. Start reading at
 * {@link org.mojave.engine.evaluate.Evaluator}.
 */
package org.mojave.engine.evaluate;
