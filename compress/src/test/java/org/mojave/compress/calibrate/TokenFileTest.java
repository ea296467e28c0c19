package org.mojave.compress.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.statistics.ExpertHistogram;
import tools.jackson.databind.json.JsonMapper;

class TokenFileTest {
    @TempDir
    Path folder;

    private static TokenFile file(double compressed) {
        return new TokenFile("abc", JsonMapper.shared().createObjectNode().put("method", "ebss"), List.of(
                new TokenFile.Sequence(new int[] {1, 2, 3, 4, 5}, -4.5, 0.25, compressed),
                new TokenFile.Sequence(new int[] {6, 7, 8, 9, 10}, -3.5, 0.125, 0.4)), new ExpertHistogram(2, 2, new int[] {5, 15, 10, 10}));
    }

    @Test
    void readsWhatItWrote() {
        Path path = folder.resolve("tokens.json");
        file(0.05).write(path);
        TokenFile read = TokenFile.read(path);
        assertThat(TokenFile.isOne(path)).isTrue();
        assertThat(read).usingRecursiveComparison().isEqualTo(file(0.05));
        assertThat(read.degenerate()).isEqualTo(0.5);
        assertThat(read.perplexity()).isEqualTo(Math.exp(8.0 / 8));
    }

    @Test
    void givesWholeWindows() throws IOException {
        assertThat(file(0.3).stream(2)).containsExactly(1, 2, 3, 4, 6, 7, 8, 9);
        Path path = folder.resolve("tokens.json");
        file(0.3).write(path);
        Path text = Files.writeString(folder.resolve("a.txt"), "ABCD");
        TokenSequences chosen = CalibrationText.choose(List.of(text, path), s -> s.chars().toArray(), 6, 2, new Random(0));
        assertThat(chosen.sequences()).containsExactlyInAnyOrder(new int[] {'A', 'B'}, new int[] {'C', 'D'}, new int[] {1, 2},
                new int[] {3, 4}, new int[] {6, 7}, new int[] {8, 9});
        assertThatThrownBy(() -> CalibrationText.choose(List.of(path), s -> s.chars().toArray(), 6, 8, new Random(0)))
                .isInstanceOf(RecipeException.class).hasMessageContaining("--length 5");
    }

    @Test
    void damagedFilesAreRefusedByName() throws IOException {
        Path path = folder.resolve("tokens.json");
        file(0.3).write(path);
        String whole = Files.readString(path);
        for (String damaged : List.of(whole.substring(0, whole.length() / 2), whole.replace("\"mojave_tokens\":1", "\"mojave_tokens\":2"),
                whole.replace("[5,15]", "[5]"), whole.replace("-4.5", "4.5"))) {
            Files.writeString(path, damaged);
            assertThatThrownBy(() -> TokenFile.read(path)).isInstanceOf(RecipeException.class).hasMessageContaining("tokens.json")
                    .hasMessageContaining("mojave sample");
        }
        assertThat(TokenFile.isOne(Files.writeString(folder.resolve("x.txt"), "{\"a\": 1}"))).isFalse();
    }

    @Test
    void repetitionCompresses() {
        assertThat(TokenFile.compressed("the same words. ".repeat(100))).isLessThan(TokenFile.DEGENERATE_RATIO);
        StringBuilder text = new StringBuilder();
        new Random(1).ints(500, 33, 127).forEach(c -> text.append((char) c));
        assertThat(TokenFile.compressed(text.toString())).isGreaterThan(0.7);
        assertThat(TokenFile.compressed("")).isEqualTo(1);
    }
}
