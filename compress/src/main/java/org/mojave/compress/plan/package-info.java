/**
 * What will come out, known before any work: {@link org.mojave.compress.plan.Plan} gives every matrix its scheme or keeps
 * it, {@link org.mojave.compress.plan.FileLayout} gives every tensor its place in the files, to the byte. {@link
 * org.mojave.compress.plan.MemoryBudget} is where every big buffer of a job is taken from.
 *
 * <p>Must not know how codes are chosen, nor write anything. Start reading at {@link org.mojave.compress.plan.Plan}.
 */
package org.mojave.compress.plan;
