/**
 * Where a model's weights live: {@link org.mojave.engine.store.Weights} maps matrix and vector names of a {@link
 * org.mojave.engine.model.ModelSpec} to the tensors of an opened checkpoint, whatever their storage (fused experts,
 * transposed, FP8 with block scales, MXFP4, Mojave's packed layout). Matrices stay mapped; only small vectors are decoded.
 *
 * <p>Must not know the forward pass. Start reading at {@link org.mojave.engine.store.Weights}.
 */
package org.mojave.engine.store;
