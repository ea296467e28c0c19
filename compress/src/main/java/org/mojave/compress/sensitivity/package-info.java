/**
 * What each scheme would do to each matrix, measured before anything is written: {@link org.mojave.compress.sensitivity.Sensitivity}
 * carries a sample of the calibration tokens once through the original model, tries every scheme of the menu on every matrix, and
 * turns output errors into estimated divergences of the predictions.
 *
 * <p>Must not know budgets of bytes, files or journals. Start reading at {@link org.mojave.compress.sensitivity.Sensitivity}.
 */
package org.mojave.compress.sensitivity;
