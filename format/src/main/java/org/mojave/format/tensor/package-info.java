/**
 * A tensor as it lies on disk: element type, shape, bytes; and the decoding of small float formats.
 *
 * <p>Must not know any file format, model or quantization method. Start reading at {@link
 * org.mojave.format.tensor.TensorData}.
 */
package org.mojave.format.tensor;
