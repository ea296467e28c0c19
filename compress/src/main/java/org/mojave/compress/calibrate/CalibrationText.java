package org.mojave.compress.calibrate;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.mojave.compress.recipe.RecipeException;

/**
 * Picks token sequences from text files and {@linkplain TokenFile token files}: each text is tokenized once and cut into windows; every
 * file gives an equal part (as long as it has enough), drawn without repetition. The choice depends on the files, the wish and the
 * generator only.
 *
 * <p>A file above {@value #WHOLE_BYTES} bytes is read in {@value #SLICES} slices spread evenly over it.
 */
public final class CalibrationText {
    private static final int WHOLE_BYTES = 16 << 20;
    private static final int SLICES = 16;

    private CalibrationText() {}

    /**
     * Up to {@code count} sequences of {@code length} tokens from the files in order; throws {@link RecipeException} where a
     * file cannot be read or all files together do not fill one window.
     */
    public static TokenSequences choose(List<Path> files, Function<String, int[]> tokenizer, int count, int length,
            RandomGenerator random) {
        List<int[]> streams = new ArrayList<>();
        for (Path file : files) {
            streams.add(TokenFile.isOne(file) ? tokens(file, length) : tokenizer.apply(read(file)));
        }
        int[] available = streams.stream().mapToInt(stream -> stream.length / length).toArray();
        if (Arrays.stream(available).sum() == 0) {
            long tokens = streams.stream().mapToLong(stream -> stream.length).sum();
            throw new RecipeException("the calibration text has only " + tokens + " tokens, not one sequence of " + length
                    + "; give a longer text with --calibration or a smaller --length");
        }
        int[] shares = shares(available, count);
        List<int[]> chosen = new ArrayList<>();
        for (int f = 0; f < shares.length; f++) {
            for (int window : draw(available[f], shares[f], random)) {
                chosen.add(Arrays.copyOfRange(streams.get(f), window * length, (window + 1) * length));
            }
        }
        return new TokenSequences(chosen);
    }

    /** The tokens of a token file whose sequences fill at least one window. */
    private static int[] tokens(Path file, int length) {
        TokenFile tokens = TokenFile.read(file);
        int longest = tokens.sequences().stream().mapToInt(sequence -> sequence.tokens().length).max().orElseThrow();
        if (longest < length) {
            throw new RecipeException(file + ": its sequences have " + longest + " tokens, not " + length + "; give --length " + longest);
        }
        return tokens.stream(length);
    }

    /** Deals {@code count} windows to the files one by one in turn, skipping files that are used up. */
    static int[] shares(int[] available, int count) {
        int[] shares = new int[available.length];
        int dealt = 0;
        boolean any = true;
        while (dealt < count && any) {
            any = false;
            for (int f = 0; f < shares.length && dealt < count; f++) {
                if (shares[f] < available[f]) {
                    shares[f]++;
                    dealt++;
                    any = true;
                }
            }
        }
        return shares;
    }

    /** {@code share} different numbers below {@code available}, ascending (selection sampling, Knuth 3.4.2 S). */
    private static int[] draw(int available, int share, RandomGenerator random) {
        int[] chosen = new int[share];
        int taken = 0;
        for (int window = 0; taken < share; window++) {
            if (random.nextInt(available - window) < share - taken) {
                chosen[taken++] = window;
            }
        }
        return chosen;
    }

    /** The text of a file, or of slices of a very large one; throws {@link RecipeException} that names the file. */
    public static String read(Path file) {
        try (FileChannel channel = FileChannel.open(file)) {
            if (channel.size() <= WHOLE_BYTES) {
                return StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
                        .decode(bytes(channel, 0, (int) channel.size())).toString();
            }
            StringBuilder text = new StringBuilder();
            int slice = WHOLE_BYTES / SLICES;
            for (int s = 0; s < SLICES; s++) {
                long start = (channel.size() - slice) * s / (SLICES - 1);
                String part = StandardCharsets.UTF_8.decode(bytes(channel, start, slice)).toString();
                int first = s == 0 ? 0 : part.indexOf('\n') + 1;
                int last = part.lastIndexOf('\n') + 1;
                text.append(part, first, Math.max(first, last));
            }
            return text.toString();
        } catch (NoSuchFileException e) {
            throw new RecipeException(file + ": no such text file", e);
        } catch (CharacterCodingException e) {
            throw new RecipeException(file + ": not a text in UTF-8", e);
        } catch (IOException e) {
            throw new RecipeException(file + ": cannot be read (" + (Files.isDirectory(file) ? "it is a folder" : e.getMessage()) + ")", e);
        }
    }

    private static ByteBuffer bytes(FileChannel channel, long start, int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count);
        while (buffer.hasRemaining() && channel.read(buffer, start + buffer.position()) >= 0) {
            continue;
        }
        return buffer.flip();
    }
}
