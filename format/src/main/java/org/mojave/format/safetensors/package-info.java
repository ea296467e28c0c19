/**
 * The safetensors file format: {@link org.mojave.format.safetensors.SafetensorsFile} reads (mapped, every offset checked
 * against the file before use), the writer streams.
 *
 * <p>Must not know what the tensors mean, nor that a checkpoint may have several files.
 */
package org.mojave.format.safetensors;
