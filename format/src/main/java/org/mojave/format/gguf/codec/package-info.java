/**
 * The block types of GGUF tensors, one class each: how many elements a block holds, where its scales and codes lie, how it
 * becomes float32. Layouts and arithmetic restate ggml's reference ({@code ggml-common.h}, {@code ggml-quants.c}); tests hold
 * every class against bytes and floats recorded from it, bit by bit.
 *
 * <p>Must not know files, tensor names or models. Start reading at {@link org.mojave.format.gguf.codec.BlockCodec}, then
 * {@link org.mojave.format.gguf.codec.BlockQ80}, the simplest.
 */
package org.mojave.format.gguf.codec;
