/**
 * Files that are either whole or not there: written under a temporary name, forced to disk, renamed.
 *
 * <p>Must not know what the files hold. Start reading at {@link org.mojave.format.file.DurableFile}.
 */
package org.mojave.format.file;
