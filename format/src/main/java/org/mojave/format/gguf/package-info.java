/**
 * The GGUF file format of ggml and llama.cpp, version 2 and 3, little-endian: {@link org.mojave.format.gguf.GgufFile} reads
 * (mapped, everything checked against the file before use), {@link org.mojave.format.gguf.GgufWriter} streams. Block types
 * are in {@code codec}.
 *
 * <p>Must not know model families or the names they give to keys and tensors.
 */
package org.mojave.format.gguf;
