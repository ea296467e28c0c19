package org.mojave.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads texts exactly: UTF-8 or a clear refusal, line ends as they are. */
final class TextFiles {
    private TextFiles() {}

    /** A whole file; a mistake in naming it is a mistake of usage. */
    static String read(Path file) {
        if (Files.isDirectory(file)) {
            throw new UsageException(file + ": is a folder; give a text file");
        }
        try {
            return decode(Files.readAllBytes(file), file.toString());
        } catch (NoSuchFileException _) {
            throw new UsageException(file + ": no such file; give the path of a UTF-8 text file");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A whole stream, which {@code name} names in messages. */
    static String read(InputStream stream, String name) {
        try {
            return decode(stream.readAllBytes(), name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String decode(byte[] bytes, String name) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length);
        CoderResult result = decoder.decode(in, out, true);
        if (result.isError()) {
            throw new UsageException(name + ": is not UTF-8 text (byte " + in.position()
                    + "); convert it first, for example with: iconv -f ISO-8859-1 -t UTF-8");
        }
        return out.flip().toString();
    }
}
