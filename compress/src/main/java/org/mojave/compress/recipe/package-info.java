/**
 * What the user asked for: {@link org.mojave.compress.recipe.Recipe}. A recipe never looks at a model; what becomes of it
 * for one model is the plan.
 *
 * <p>Must not know files of weights, models or arithmetic. Start reading at {@link org.mojave.compress.recipe.Recipe}.
 */
package org.mojave.compress.recipe;
