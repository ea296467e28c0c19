/**
 * The model families, one file each, named by {@code model_type}: from {@code config.json} to a {@link
 * org.mojave.engine.model.ModelSpec} and the names of the tensors. Defaults of absent keys and the meaning of each flag are
 * those of the official config classes (transformers 4.57, or the family's remote code).
 *
 * <p>Must not know weights or arithmetic. Start reading at {@link org.mojave.engine.model.arch.Architectures} and {@code Llama}.
 */
package org.mojave.engine.model.arch;
