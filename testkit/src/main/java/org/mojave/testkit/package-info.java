/**
 * Test data for the other modules: {@link org.mojave.testkit.Goldens} finds the tiny models of {@code testkit/goldens} and the
 * answers that official implementations gave for them.
 *
 * <p>Must not know the engine. Start reading at {@link org.mojave.testkit.Goldens}.
 */
package org.mojave.testkit;
