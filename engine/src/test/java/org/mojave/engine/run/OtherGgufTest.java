package org.mojave.engine.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;

/**
 * The contract for GGUF files made from the golden models by llama.cpp's converter as f32, named GOLDEN.gguf in the folder of
 * the environment variable MOJAVE_GGUF_GOLDENS; nothing without it.
 */
class OtherGgufTest {
    @TestFactory
    Stream<DynamicTest> contract() {
        String folder = System.getenv("MOJAVE_GGUF_GOLDENS");
        if (folder == null) {
            return Stream.empty();
        }
        return Goldens.ofRepository().models().stream().filter(name -> Files.exists(Path.of(folder, name + ".gguf"))).flatMap(name -> {
            GoldenModel folderModel = Goldens.ofRepository().model(name);
            GoldenModel golden = new GoldenModel(Path.of(folder, name + ".gguf"), folderModel.inputs(), folderModel.logits(),
                    folderModel.greedy(), folderModel.routers());
            return Stream.of(
                    DynamicTest.dynamicTest(name + " logits", () -> ArchitectureContract.logitsEqual(golden)),
                    DynamicTest.dynamicTest(name + " routers", () -> ArchitectureContract.routersEqual(golden)),
                    DynamicTest.dynamicTest(name + " greedy", () -> ArchitectureContract.greedyEqual(golden)),
                    DynamicTest.dynamicTest(name + " batch", () -> ArchitectureContract.batchEqual(golden)));
        });
    }
}
