/**
 * What this computer is and how fast it moves bytes: processor, memory with container limits, bandwidth of memory and disk.
 *
 * <p>Must not know models or commands. Start reading at {@link org.mojave.cli.machine.Finding}.
 */
package org.mojave.cli.machine;
