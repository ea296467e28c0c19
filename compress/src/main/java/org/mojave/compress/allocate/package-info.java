/**
 * Which scheme each matrix gets. {@link org.mojave.compress.allocate.Allocator} solves one exact program over all matrices
 * of a model in real bytes; {@link org.mojave.compress.allocate.PmqProgram} is the per-layer program of Mixture Compressor,
 * kept as the reference.
 *
 * <p>Pure arithmetic: must not know files, models, quantizers, or where the costs come from. Start reading at {@link
 * org.mojave.compress.allocate.Item}, then {@link org.mojave.compress.allocate.Allocator}.
 *
 * <p>Why no solver library: the program is a multiple-choice knapsack, whose relaxation is a sort; what the relaxation
 * leaves open is a short list of matrices that dynamic programming settles. A general integer-program solver would be
 * slower on 18 432 items, carries native code, and stops at a tolerance.
 */
package org.mojave.compress.allocate;
