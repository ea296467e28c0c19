/**
 * Moves large activations into the weights, without changing what a layer computes (EAQuant, arXiv 2506.13329): {@link
 * org.mojave.compress.smooth.SmoothingMode} makes one scale per channel for everything that reads the same norm, the router
 * included; {@link org.mojave.compress.smooth.OutlierScale} one for the inputs of a down projection; {@link
 * org.mojave.compress.smooth.Folding} writes them into norms and matrices.
 *
 * <p>Pure arithmetic on arrays: must not know models, files or quantizers.
 */
package org.mojave.compress.smooth;
