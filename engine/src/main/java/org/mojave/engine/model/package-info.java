/**
 * A model as a value: its layers, its attention and router variants, and the names of its matrices.
 *
 * <p>Must not know files, arithmetic or quantization methods. Start reading at {@link org.mojave.engine.model.MatrixId}.
 */
package org.mojave.engine.model;
