/**
 * The model writes its own calibration text: expert-balanced self-sampling (EBSS of MoEQuant, arXiv 2505.03804), a beam search for
 * sequences that are probable and use all experts alike, guarded against repetition.
 *
 * <p>Must not know how weights are quantized, nor what the tokens are used for. Start reading at {@link
 * org.mojave.compress.sample.SelfSampling}; the search itself is {@link org.mojave.compress.sample.BeamSearch}.
 */
package org.mojave.compress.sample;
