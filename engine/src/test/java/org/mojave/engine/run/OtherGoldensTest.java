package org.mojave.engine.run;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.mojave.testkit.Goldens;

/** The contract for another folder of golden models, named by the environment variable MOJAVE_GOLDENS; nothing without it. */
class OtherGoldensTest {
    @TestFactory
    Stream<DynamicTest> contract() {
        String folder = System.getenv("MOJAVE_GOLDENS");
        if (folder == null) {
            return Stream.empty();
        }
        Goldens goldens = new Goldens(Path.of(folder));
        return goldens.models().stream().flatMap(name -> Stream.of(
                DynamicTest.dynamicTest(name + " logits", () -> ArchitectureContract.logitsEqual(goldens.model(name))),
                DynamicTest.dynamicTest(name + " routers", () -> ArchitectureContract.routersEqual(goldens.model(name))),
                DynamicTest.dynamicTest(name + " greedy", () -> ArchitectureContract.greedyEqual(goldens.model(name))),
                DynamicTest.dynamicTest(name + " chunks", () -> ArchitectureContract.chunksEqual(goldens.model(name))),
                DynamicTest.dynamicTest(name + " batch", () -> ArchitectureContract.batchEqual(goldens.model(name)))));
    }
}
