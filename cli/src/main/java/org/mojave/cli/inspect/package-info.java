/**
 * What stands in a checkpoint or a single weight file, as values for a table or JSON.
 *
 * <p>Must not know commands. Start reading at {@link org.mojave.cli.inspect.ModelSummary}.
 */
package org.mojave.cli.inspect;
