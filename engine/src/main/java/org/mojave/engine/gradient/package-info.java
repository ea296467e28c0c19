/**
 * How much the loss of a text changes with what each half of a layer adds to the residual stream: the forward pass backwards, in closed
 * form, for every block of every model that runs.
 *
 * <p>Must not know what the gradient is for, nor gradients of weights: there is no training here. Oracle of its tests: differences of the
 * loss. Start reading at {@link org.mojave.engine.gradient.LossGradient}.
 */
package org.mojave.engine.gradient;
