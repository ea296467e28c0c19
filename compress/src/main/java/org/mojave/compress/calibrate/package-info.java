/**
 * From text to statistics: {@link org.mojave.compress.calibrate.CalibrationText} picks token sequences, {@link
 * org.mojave.compress.calibrate.LayerPass} takes them through half a layer at a time, {@link
 * org.mojave.compress.calibrate.Moments} gathers what the matrices of an {@link org.mojave.compress.calibrate.InputGroup} see,
 * {@link org.mojave.compress.calibrate.HiddenStates} keeps the activations in between, in memory or in a file.
 *
 * <p>Must not know how codes are chosen, nor the files of the result. Start reading at {@link
 * org.mojave.compress.calibrate.LayerPass}.
 */
package org.mojave.compress.calibrate;
