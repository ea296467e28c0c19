/**
 * Rewrites a model's weights so that it computes the same and is easier to quantize: {@link
 * org.mojave.compress.transform.ScaleRule} chooses scales from what calibration saw ({@link
 * org.mojave.compress.transform.LayerExtremes}), {@link org.mojave.compress.transform.ModelTransform} knows which matrices, norms and
 * biases of a model must change together for scales and for a rotation, {@link org.mojave.compress.transform.ChangedMatrix} is one of
 * them, changed row by row whenever it is decoded, so that no model is ever held twice.
 *
 * <p>Must not know jobs, plans, files of the result or how codes are chosen. Start reading at {@link
 * org.mojave.compress.transform.ModelTransform}.
 */
package org.mojave.compress.transform;
