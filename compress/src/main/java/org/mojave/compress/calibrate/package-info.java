/**
 * From text to statistics: {@link org.mojave.compress.calibrate.CalibrationText} picks token sequences, {@link
 * org.mojave.compress.calibrate.HiddenStates} keeps the activations between layers in memory or in a file.
 *
 * <p>Must not know how codes are chosen, nor the files of the result. Start reading at {@link
 * org.mojave.compress.calibrate.CalibrationText}.
 */
package org.mojave.compress.calibrate;
