package org.mojave.engine.tokenize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.mojave.engine.model.UnsupportedModelException;

/**
 * Tokenizers of GGUF files against the ids that transformers gives, as llama.cpp keeps them in its folder of vocabularies
 * (NAME.gguf, NAME.gguf.inp with texts, NAME.gguf.out with ids); the folder is named by the environment variable
 * MOJAVE_GGUF_VOCABULARIES; nothing without it.
 */
class OtherVocabularyTest {
    private static final String BETWEEN = "\n__ggml_vocab_test__\n";

    @TestFactory
    Stream<DynamicTest> idsAreThoseOfTransformers() throws IOException {
        String folder = System.getenv("MOJAVE_GGUF_VOCABULARIES");
        if (folder == null) {
            return Stream.empty();
        }
        try (Stream<Path> files = Files.list(Path.of(folder))) {
            return files.filter(file -> file.toString().endsWith(".gguf") && Files.exists(Path.of(file + ".out"))).sorted().toList().stream()
                    .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> check(file)));
        }
    }

    private static void check(Path file) throws IOException {
        if (file.toString().contains("bert") || file.toString().contains("falcon")) {
            assertThatThrownBy(() -> Tokenizer.open(file)).isInstanceOf(UnsupportedModelException.class).hasMessageContaining("supported:");
            return;
        }
        String[] texts = Files.readString(Path.of(file + ".inp")).split(BETWEEN, -1);
        List<String> lines = Files.readAllLines(Path.of(file + ".out"));
        try (Tokenizer tokenizer = Tokenizer.open(file)) {
            for (int i = 0; i < lines.size(); i++) {
                int[] expected = lines.get(i).isBlank() ? new int[0]
                        : Stream.of(lines.get(i).strip().split(" ")).mapToInt(Integer::parseInt).toArray();
                assertThat(tokenizer.encode(texts[i])).as("%s, text %d: %s", file.getFileName(), i, texts[i]).isEqualTo(expected);
            }
        }
        assertThat(IntStream.range(0, lines.size()).filter(i -> !texts[i].isEmpty()).count()).isGreaterThan(40);
    }
}
