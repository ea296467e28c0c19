/**
 * Text to token ids and back, exactly as Hugging Face tokenizers does it: {@link org.mojave.engine.tokenize.Tokenizer} reads
 * a {@code tokenizer.json}, {@link org.mojave.engine.tokenize.TokenStream} turns a growing list of ids into text piece by
 * piece.
 *
 * <p>Uses the native part of {@code ai.djl.huggingface:tokenizers} and nothing else of that project: no engine is loaded, no
 * network is touched. Must not know models, chat formats or sampling. Start reading at
 * {@link org.mojave.engine.tokenize.Tokenizer}.
 */
package org.mojave.engine.tokenize;
