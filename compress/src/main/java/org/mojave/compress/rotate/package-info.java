/**
 * Orthogonal matrices that spread outliers over all channels before quantization, folded into the weights offline (QuaRot's R1 kind).
 * {@link org.mojave.compress.rotate.HadamardOrder} constructs Hadamard matrices of odd orders, {@link
 * org.mojave.compress.rotate.Rotation} applies one of any size fast.
 *
 * <p>Pure arithmetic: must not know models or files, nor which matrices of a model must turn together.
 */
package org.mojave.compress.rotate;
