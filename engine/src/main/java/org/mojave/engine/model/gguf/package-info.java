/**
 * GGUF models of llama.cpp as {@link org.mojave.engine.model.ModelSpec}s: one file per {@code general.architecture}, a table
 * from its metadata keys to the keys of the family's config.json, which the family's own reader in {@link
 * org.mojave.engine.model.arch} then turns into a spec. Keys and tensor names are those of llama.cpp's converter and loader
 * (commit 3f545becce).
 *
 * <p>Supported are the families whose converted goldens give the official logits. Left out: phimoe (its files lack the rope
 * amplitudes and the router's jitter).
 *
 * <p>Must not know weights or arithmetic. Start reading at {@link org.mojave.engine.model.gguf.GgufFamilies} and {@code Qwen3Moe}.
 */
package org.mojave.engine.model.gguf;
