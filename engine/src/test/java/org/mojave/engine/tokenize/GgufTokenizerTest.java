package org.mojave.engine.tokenize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.engine.chat.ChatTemplate;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.gguf.GgufLayout;
import org.mojave.format.gguf.GgufValue;
import org.mojave.format.gguf.GgufValueType;
import org.mojave.format.gguf.GgufWriter;
import org.mojave.format.tensor.CheckpointException;
import tools.jackson.databind.JsonNode;

/** Tokenizers in GGUF metadata. */
class GgufTokenizerTest {
    private static final String TEXT = "It's 12345 naïve TESTs, isn't it?\r\n\n  \t日本語のテキスト 𝒳 — \u3000ＡＢＣ… don't_stop {x: [1,2]}  \n";
    private static final GgufValueType INT32 = GgufValueType.INT32;

    @TempDir
    private Path folder;
    private final Map<String, GgufValue> metadata = new LinkedHashMap<>();

    @Test
    void sameIdsAsTheTokenizerJsonItWasMadeFrom() throws Exception {
        Path wren = Path.of(System.getProperty("mojave.root"), "examples", "wren-moe");
        fromJson(Checkpoint.readJson(wren.resolve("tokenizer.json")));
        String readme = Files.readString(wren.resolve("README.md"));
        try (Tokenizer expected = Tokenizer.open(wren); Tokenizer found = Tokenizer.open(write())) {
            for (String text : List.of(TEXT, readme, "<|endoftext|>", "a<|endoftext|>b", "")) {
                assertThat(found.encode(text)).isEqualTo(expected.encode(text));
                assertThat(found.encodePrompt(text)).isEqualTo(expected.encodePrompt(text));
                assertThat(found.decodePlain(found.encode(text))).isEqualTo(expected.decodePlain(expected.encode(text)));
            }
            assertThat(found.specialTokens().end()).isEqualTo(expected.specialTokens().end());
        }
    }

    static Stream<String> ways() {
        return PreTokenizer.known().stream();
    }

    @ParameterizedTest
    @MethodSource("ways")
    void everyKnownWayOfCuttingKeepsTheText(String way) {
        bytes();
        text("pre", way);
        try (Tokenizer tokenizer = Tokenizer.open(write())) {
            assertThat(tokenizer.encode(TEXT)).hasSize(TEXT.getBytes(StandardCharsets.UTF_8).length);
            assertThat(tokenizer.decode(tokenizer.encode(TEXT))).isEqualTo(TEXT);
        }
    }

    @Test
    void sentencePieceMergesByScore() {
        List<String> pieces = new ArrayList<>(List.of("<unk>", "<s>", "</s>", "▁", "a", "b", "ab", "▁a", "▁ab", "abb"));
        IntStream.range(0, 256).forEach(b -> pieces.add(String.format("<0x%02X>", b)));
        text("model", "llama");
        put("tokens", GgufValue.Sequence.texts(pieces));
        double[] scores = new double[pieces.size()];
        Arrays.setAll(scores, i -> -i);
        put("scores", GgufValue.Sequence.floats(scores));
        long[] types = new long[pieces.size()];
        Arrays.setAll(types, i -> i == 0 ? 2 : i < 3 ? 3 : i < 10 ? 1 : 6);
        put("token_type", GgufValue.Sequence.wholes(INT32, types));
        put("bos_token_id", new GgufValue.Whole(GgufValueType.UINT32, 1));
        try (Tokenizer tokenizer = Tokenizer.open(write())) {
            assertThat(tokenizer.encode("abb ab")).as("ab has the best score, then with the space").containsExactly(8, 5, 8);
            assertThat(tokenizer.encodePrompt("ab")).containsExactly(1, 8);
            assertThat(tokenizer.encode("é")).containsExactly(3, 10 + 0xC3, 10 + 0xA9);
            assertThat(tokenizer.decode(8, 5, 8)).isEqualTo("abb ab");
        }
    }

    @ParameterizedTest
    @CsvSource({"model, bert, 'supported: gpt2, llama'", "pre, falcon, 'supported: chatglm-bpe'"})
    void anotherKindListsWhatWorks(String key, String value, String named) {
        bytes();
        text(key, value);
        Path file = write();
        assertThatThrownBy(() -> Tokenizer.open(file)).isInstanceOf(UnsupportedModelException.class)
                .hasMessageContaining(value).hasMessageContaining(named);
    }

    @Test
    void missingAndLyingKeysAreNamed() {
        bytes();
        refused("tokens", null);
        refused("merges", null);
        refused("merges", GgufValue.Sequence.texts(List.of("nopair")));
        refused("tokens", GgufValue.Sequence.wholes(INT32, 1, 2));
        refused("token_type", GgufValue.Sequence.wholes(INT32, 1, 2));
        refused("bos_token_id", new GgufValue.Whole(GgufValueType.UINT32, 256));
        refused("add_bos_token", new GgufValue.Text("yes"));
    }

    @Test
    void mergesOfUnknownTokensAreNoTokenizer() {
        bytes();
        put("merges", GgufValue.Sequence.texts(List.of("xx yy")));
        Path file = write();
        assertThatThrownBy(() -> Tokenizer.open(file)).isInstanceOf(CheckpointException.class).hasMessageContaining(file.toString());
    }

    @Test
    void aFileWithoutTokenizerOrTemplateSaysWhatToDo() {
        Path file = write();
        assertThatThrownBy(() -> Tokenizer.open(file)).isInstanceOf(CheckpointException.class).hasMessageContaining("token ids");
        assertThatThrownBy(() -> ChatTemplate.open(file, SpecialTokens.NONE)).isInstanceOf(CheckpointException.class)
                .hasMessageContaining("--chat");
    }

    private void refused(String key, GgufValue value) {
        GgufValue before = metadata.get("tokenizer.ggml." + key);
        if (value == null) {
            metadata.remove("tokenizer.ggml." + key);
        } else {
            put(key, value);
        }
        Path file = write();
        assertThatThrownBy(() -> Tokenizer.open(file)).as(key).isInstanceOf(CheckpointException.class);
        if (before == null) {
            metadata.remove("tokenizer.ggml." + key);
        } else {
            put(key, before);
        }
    }

    /** A vocabulary of the 256 bytes. */
    private void bytes() {
        List<String> tokens = new ArrayList<>();
        int spare = 256;
        for (int b = 0; b < 256; b++) {
            boolean shown = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
            tokens.add(Character.toString(shown ? b : spare++));
        }
        text("model", "gpt2");
        text("pre", "gpt-2");
        put("tokens", GgufValue.Sequence.texts(tokens));
        put("merges", GgufValue.Sequence.texts(List.of()));
    }

    private void fromJson(JsonNode json) {
        JsonNode model = json.get("model");
        String[] tokens = new String[model.get("vocab").size() + json.get("added_tokens").size()];
        long[] types = new long[tokens.length];
        Arrays.fill(types, 1);
        model.get("vocab").properties().forEach(entry -> tokens[entry.getValue().intValue()] = entry.getKey());
        for (JsonNode added : json.get("added_tokens").values()) {
            tokens[added.get("id").intValue()] = added.get("content").stringValue();
            types[added.get("id").intValue()] = 3;
        }
        int count = (int) Arrays.stream(tokens).filter(t -> t != null).count();
        text("model", "gpt2");
        text("pre", "gpt-2");
        put("tokens", GgufValue.Sequence.texts(List.of(Arrays.copyOf(tokens, count))));
        put("token_type", GgufValue.Sequence.wholes(INT32, Arrays.copyOf(types, count)));
        put("merges", GgufValue.Sequence.texts(model.get("merges").values().stream().map(merge -> merge.isArray()
                ? merge.get(0).stringValue() + " " + merge.get(1).stringValue() : merge.stringValue()).toList()));
        put("eos_token_id", new GgufValue.Whole(GgufValueType.UINT32, count - 1));
    }

    private void text(String key, String value) {
        put(key, new GgufValue.Text(value));
    }

    private void put(String key, GgufValue value) {
        metadata.put("tokenizer.ggml." + key, value);
    }

    private Path write() {
        Path file = folder.resolve("vocabulary.gguf");
        try (GgufWriter writer = GgufWriter.create(file, GgufLayout.of(metadata, List.of()))) {
            writer.finish();
        }
        return file;
    }
}
