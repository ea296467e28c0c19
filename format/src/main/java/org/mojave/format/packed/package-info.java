/**
 * The native storage of a quantized matrix: {@link org.mojave.format.packed.Scheme} says how many bits a code has and
 * which weights share a scale; {@link org.mojave.format.packed.PackedLayout} says where each code, scale and zero lies;
 * {@link org.mojave.format.packed.PackedCodec} writes and reads a {@link org.mojave.format.packed.CodedMatrix} there.
 *
 * <p>Must not know how codes were chosen, nor how they are multiplied. Start reading at {@link
 * org.mojave.format.packed.PackedLayout}.
 */
package org.mojave.format.packed;
