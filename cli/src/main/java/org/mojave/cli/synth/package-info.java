/**
 * Random checkpoints in the shape of well-known models, for benchmarks: which tensors there are, what fills them, and how
 * they are streamed to disk.
 *
 * <p>Must not know commands. Start reading at {@link org.mojave.cli.synth.SyntheticCheckpoint}.
 */
package org.mojave.cli.synth;
