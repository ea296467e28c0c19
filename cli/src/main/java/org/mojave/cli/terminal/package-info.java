/**
 * What a person sees: tables, numbers with units, progress. Results go to standard output, everything else to standard
 * error.
 *
 * <p>Must not know commands, models or files. Start reading at {@link org.mojave.cli.terminal.Console}.
 */
package org.mojave.cli.terminal;
