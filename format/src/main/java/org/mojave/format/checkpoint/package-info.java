/**
 * A checkpoint as a folder: {@code config.json}, tokenizer files and one or more safetensors shards.
 *
 * <p>Must not know model families or arithmetic. Start reading at {@link org.mojave.format.checkpoint.Checkpoint}.
 */
package org.mojave.format.checkpoint;
