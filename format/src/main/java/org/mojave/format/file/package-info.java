/**
 * What all formats share about files. Writing: a file is either whole or not there ({@link
 * org.mojave.format.file.DurableFile}, {@link org.mojave.format.file.PartialFile}). Reading: mapped, under a heap budget, JSON
 * with limits.
 *
 * <p>Must not know what the files hold. Start reading at {@link org.mojave.format.file.DurableFile}.
 */
package org.mojave.format.file;
