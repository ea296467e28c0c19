/**
 * The command line: one class per command, the options they share, and the translation of failures into one line and an
 * exit code. A command parses its options, calls the library, and shows the result as a table or as JSON.
 *
 * <p>Must not hold arithmetic, file formats or knowledge of model families. Start reading at {@link org.mojave.cli.Mojave}.
 */
package org.mojave.cli;
