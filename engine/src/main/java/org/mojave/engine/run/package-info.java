/**
 * The forward pass, written once over {@link org.mojave.engine.model.ModelSpec}: {@link org.mojave.engine.run.Model} opens
 * a folder, {@link org.mojave.engine.run.LayerRunner} computes the two halves of a layer for a batch of hidden states (for
 * calibration and decoding alike), {@link org.mojave.engine.run.Decoder} runs all layers over sequences with KV caches.
 *
 * <p>Must not know families, files or how a matrix is stored. Start reading at {@link org.mojave.engine.run.Decoder}.
 */
package org.mojave.engine.run;
