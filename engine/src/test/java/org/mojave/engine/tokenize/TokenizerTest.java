package org.mojave.engine.tokenize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.tensor.CheckpointException;
import tools.jackson.databind.JsonNode;

/** Ids recorded from the Python library, byte-exact round trips, and errors. */
class TokenizerTest {
    private static final Path WREN = Path.of(System.getProperty("mojave.root"), "examples", "wren-moe");
    private static final Path RESOURCES = Path.of("src", "test", "resources", "org", "mojave", "engine", "tokenize");
    private static final Path SENTENCE_PIECE = RESOURCES.resolve("sentencepiece");

    @Test
    void encodesAsThePythonLibraryDoesAndComesBackByteForByte() {
        try (Tokenizer tokenizer = Tokenizer.open(WREN)) {
            for (JsonNode c : Checkpoint.readJson(RESOURCES.resolve("wren-cases.json")).path("cases").values()) {
                String text = c.path("text").stringValue();
                int[] ids = tokenizer.encode(text);
                assertThat(ids).as(c.path("name").stringValue()).isEqualTo(ints(c.path("ids")));
                assertThat(tokenizer.decode(ids)).as(c.path("name").stringValue()).isEqualTo(text);
                assertThat(tokenizer.encodePrompt(text)).isEqualTo(ids);
            }
        }
    }

    @Test
    void ignoresTruncationAndPaddingAndAddsTheBeginningOfSequence() {
        try (Tokenizer tokenizer = Tokenizer.open(SENTENCE_PIECE)) {
            for (JsonNode c : Checkpoint.readJson(SENTENCE_PIECE.resolve("cases.json")).path("cases").values()) {
                String text = c.path("text").stringValue();
                int[] ids = tokenizer.encode(text);
                assertThat(ids).as(c.path("name").stringValue()).isEqualTo(ints(c.path("ids")));
                assertThat(tokenizer.encodePrompt(text)).isEqualTo(ints(c.path("prompt")));
                assertThat(tokenizer.decode(ids)).isEqualTo(c.path("decoded").stringValue());
            }
        }
    }

    @Test
    void theConfigurationDecidesOnTheBeginningOfSequence(@TempDir Path folder) throws IOException {
        Files.copy(SENTENCE_PIECE.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        Path config = folder.resolve("tokenizer_config.json");
        Files.writeString(config, "{\"bos_token\": {\"content\": \"<s>\"}, \"eos_token\": \"</s>\", \"add_bos_token\": false}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.encodePrompt("the cat")).isEqualTo(tokenizer.encode("the cat"));
            assertThat(tokenizer.specialTokens().beginning()).contains("<s>");
            assertThat(tokenizer.id("</s>")).hasValue(2);
            assertThat(tokenizer.id("the cat")).isEmpty();
        }
        Files.writeString(config, "{\"bos_token\": \"</s>\", \"eos_token\": \"</s>\", \"add_bos_token\": true, \"add_eos_token\": true}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            int[] prompt = tokenizer.encodePrompt("the");
            assertThat(prompt).startsWith(2).endsWith(2).hasSize(tokenizer.encode("the").length + 2);
            assertThat(tokenizer.decodePlain(prompt)).isEqualTo("the");
        }
    }

    @Test
    void thePiecesOfAStreamJoinToTheWholeText() {
        try (Tokenizer wren = Tokenizer.open(WREN); Tokenizer pieces = Tokenizer.open(SENTENCE_PIECE)) {
            for (JsonNode c : Checkpoint.readJson(RESOURCES.resolve("wren-cases.json")).path("cases").values()) {
                for (Tokenizer tokenizer : List.of(wren, pieces)) {
                    int[] ids = tokenizer.encode(c.path("text").stringValue());
                    assertThat(String.join("", stream(tokenizer, ids))).as(c.path("name").stringValue())
                            .isEqualTo(tokenizer.decodePlain(ids));
                }
            }
        }
    }

    @Test
    void aStreamNeverShowsHalfACharacter() {
        try (Tokenizer tokenizer = Tokenizer.open(WREN)) {
            int[] ids = tokenizer.encode("世界 👍🏽");
            assertThat(ids.length).isGreaterThan(8);
            assertThat(stream(tokenizer, ids)).noneMatch(piece -> piece.contains("\uFFFD"));
            int[] cut = Arrays.copyOf(ids, 2);
            List<String> shown = stream(tokenizer, cut);
            assertThat(shown.subList(0, 2)).containsOnly("");
            assertThat(shown.getLast()).isEqualTo("\uFFFD");
        }
    }

    @Test
    void aLongTextCostsLinearTimeAndGivesTheSameIds() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; text.length() < 1_000_000; i++) {
            text.append(" The ").append(i).append(" birds flew over naïve 世界\r\n");
        }
        try (Tokenizer wren = Tokenizer.open(WREN); Tokenizer pieces = Tokenizer.open(SENTENCE_PIECE)) {
            for (Tokenizer tokenizer : List.of(wren, pieces)) {
                long start = System.nanoTime();
                int[] ids = tokenizer.encode(text.toString());
                assertThat(System.nanoTime() - start).as("nanoseconds for a megabyte").isLessThan(30_000_000_000L);
                assertThat(tokenizer.decode(ids)).isEqualTo(text.toString());
            }
        }
    }

    @Test
    void saysWhatIsWrongInOneLine(@TempDir Path folder) throws IOException {
        assertThatThrownBy(() -> Tokenizer.open(folder)).isInstanceOf(CheckpointException.class)
                .hasMessageContaining("holds no tokenizer.json").hasMessageContaining("copy it");
        Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": 3}");
        assertThatThrownBy(() -> Tokenizer.open(folder)).isInstanceOf(CheckpointException.class)
                .hasMessageContaining("tokenizer.json").hasMessageContaining("not a tokenizer that can be used");
        Files.copy(WREN.resolve("tokenizer.json"), folder.resolve("tokenizer.json"),
                StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"add_bos_token\": \"yes\"}");
        assertThatThrownBy(() -> Tokenizer.open(folder)).isInstanceOf(CheckpointException.class)
                .hasMessageContaining("add_bos_token");
    }

    @Test
    void refusesHalfASurrogatePairAndUseAfterClosing() {
        Tokenizer tokenizer = Tokenizer.open(WREN);
        assertThatThrownBy(() -> tokenizer.encode("ab\uD83D")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("position 2");
        tokenizer.close();
        assertThatThrownBy(() -> tokenizer.encode("a")).isInstanceOf(IllegalStateException.class);
    }

    private static List<String> stream(Tokenizer tokenizer, int[] ids) {
        TokenStream stream = new TokenStream(tokenizer);
        List<String> pieces = new ArrayList<>();
        for (int id : ids) {
            pieces.add(stream.next(id));
        }
        pieces.add(stream.finish());
        return pieces;
    }

    private static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).intValue();
        }
        return values;
    }
}
