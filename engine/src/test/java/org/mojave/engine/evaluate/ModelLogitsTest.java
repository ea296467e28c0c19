package org.mojave.engine.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Model;
import org.mojave.engine.tokenize.Tokenizer;

/** The bundled model against a plain numpy implementation in float64, on a passage of about 400 tokens. */
class ModelLogitsTest {
    private static final Path WREN = Path.of(System.getProperty("mojave.root"), "examples", "wren-moe");
    private static final Path PASSAGE = Path.of("src", "test", "resources", "org", "mojave", "engine", "evaluate", "passage.txt");

    @Test
    void agreesWithTheReferenceEvaluator() throws IOException {
        assertThat(loss(new EvaluationOptions(64, 0, 0, 3))).isCloseTo(4.036091, within(1e-5));
        assertThat(loss(new EvaluationOptions(64, 32, 0, 1))).isCloseTo(3.804654, within(1e-5));
        assertThat(loss(new EvaluationOptions(100, 0, 2, 2))).isCloseTo(4.547407, within(1e-5));
    }

    private static double loss(EvaluationOptions options) throws IOException {
        try (Model model = Model.open(WREN); Tokenizer tokenizer = Tokenizer.open(WREN); Workers workers = new Workers(2)) {
            int[] ids = tokenizer.encode(Files.readString(PASSAGE));
            return new Evaluator(new ModelLogits(model, workers), Optional.empty(), workers)
                    .evaluate(ids, options, (_, _, _) -> { }).loss().mean();
        }
    }

    @Test
    void theBatchFitsItsMemory() {
        try (Model model = Model.open(WREN)) {
            long bytes = ModelLogits.bytesPerWindow(model.spec(), 256);
            assertThat(bytes).isBetween(1L << 20, 16L << 20);
            assertThat(EvaluationOptions.batchFor(bytes)).isBetween(8, 32);
        }
        assertThat(EvaluationOptions.batchFor(1L << 40)).isEqualTo(1);
    }
}
