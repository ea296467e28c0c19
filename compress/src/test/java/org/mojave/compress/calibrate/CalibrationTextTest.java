package org.mojave.compress.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.compress.recipe.RecipeException;

class CalibrationTextTest {
    @TempDir
    Path folder;

    @Test
    void everyFileGivesItsPart() {
        assertThat(CalibrationText.shares(new int[] {10, 10, 10}, 8)).containsExactly(3, 3, 2);
        assertThat(CalibrationText.shares(new int[] {1, 10, 0}, 8)).containsExactly(1, 7, 0);
        assertThat(CalibrationText.shares(new int[] {1, 2}, 8)).containsExactly(1, 2);
    }

    @Test
    void theSeedDecidesTheWindows() throws IOException {
        List<Path> files = List.of(file("a.txt", 'a', 1000), file("b.txt", 'b', 400));
        TokenSequences once = choose(files, 6, 20, 7);
        assertThat(choose(files, 6, 20, 7).digest()).isEqualTo(once.digest());
        assertThat(choose(files, 6, 20, 8).digest()).isNotEqualTo(once.digest());
        assertThat(once.count()).isEqualTo(6);
        assertThat(once.length()).isEqualTo(20);
        assertThat(once.sequences().stream().filter(s -> s[0] == 'a')).hasSize(3);
        assertThat(once.sequences().stream().map(Arrays::toString)).doesNotHaveDuplicates();
    }

    @Test
    void takesWhatThereIs() throws IOException {
        assertThat(choose(List.of(file("a.txt", 'a', 65)), 128, 20, 0).count()).isEqualTo(3);
    }

    @Test
    void refusesTooLittleText() throws IOException {
        Path file = file("a.txt", 'a', 19);
        assertThatThrownBy(() -> choose(List.of(file), 128, 20, 0)).isInstanceOf(RecipeException.class)
                .hasMessageContaining("19 tokens").hasMessageContaining("--length");
    }

    @Test
    void refusesWhatIsNoText() throws IOException {
        Path binary = Files.write(folder.resolve("x.bin"), new byte[] {(byte) 0xff, (byte) 0xfe, 0, 1});
        assertThatThrownBy(() -> CalibrationText.read(binary)).isInstanceOf(RecipeException.class).hasMessageContaining("UTF-8");
        assertThatThrownBy(() -> CalibrationText.read(folder.resolve("none"))).hasMessageContaining("no such text file");
        assertThatThrownBy(() -> CalibrationText.read(folder)).isInstanceOf(RecipeException.class).hasMessageContaining("folder");
    }

    @Test
    void readsSlicesOfAVeryLargeFile() throws IOException {
        Path large = folder.resolve("large.txt");
        try (var out = Files.newBufferedWriter(large)) {
            for (int line = 0; line < 2_200_000; line++) {
                out.write("line " + line + " é\n");
            }
        }
        String text = CalibrationText.read(large);
        assertThat(text.length()).isBetween(14_000_000, 17_000_000);
        assertThat(text.lines().filter(line -> !line.matches("line \\d+ é")).limit(3)).isEmpty();
        assertThat(text.startsWith("line 0 ")).isTrue();
        assertThat(text.endsWith("line 2199999 é\n")).isTrue();
    }

    /** A file of numbered characters: the first tells the file, the others the place. */
    private Path file(String name, char mark, int tokens) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < tokens; i++) {
            text.append(i % 20 == 0 ? mark : (char) ('A' + (i / 20) % 26 + 26 * (i % 2)));
        }
        return Files.writeString(folder.resolve(name), text);
    }

    private static TokenSequences choose(List<Path> files, int count, int length, long seed) {
        return CalibrationText.choose(files, text -> text.chars().toArray(), count, length, new Random(seed));
    }
}
