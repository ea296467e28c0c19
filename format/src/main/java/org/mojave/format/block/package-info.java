/**
 * Weights that Hugging Face checkpoints store as two tensors, codes and scales of blocks: DeepSeek's FP8 ({@link
 * org.mojave.format.block.BlockScaledRows}) and gpt-oss' MXFP4 ({@link org.mojave.format.block.Mxfp4Rows}).
 *
 * <p>Must not know model families, tensor names or how a product is computed.
 */
package org.mojave.format.block;
