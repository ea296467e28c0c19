package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./mojave} from outside: streams, exit codes, signals, and what happens when something is missing. */
final class LauncherTest {
    private static final Launcher MOJAVE = Launcher.ofRepository();
    /** Everything the launcher calls, apart from Java and Maven. */
    private static final List<String> TOOLS = List.of("bash", "env", "awk", "basename", "cat", "cp", "date", "find", "grep", "head", "ls",
            "mkdir", "mv", "readlink", "rm", "rmdir", "sleep", "sort", "tail", "touch", "tput");

    @TempDir
    Path folder;

    @BeforeAll
    static void build() throws IOException, InterruptedException {
        assertThat(MOJAVE.run("--version").code()).isZero();
    }

    @Test
    void helpGoesToStandardOutputAndNothingElseIsSaid() throws Exception {
        Run run = MOJAVE.run("--help");
        assertThat(run.code()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).startsWith("Usage: mojave").doesNotContain("\u001b");
    }

    @Test
    void helpCostsLittle() throws Exception {
        Run run = MOJAVE.shell("TIMEFORMAT=%U+%S; time \"$0\" --help >&2", "");
        String[] seconds = run.err().lines().reduce((_, last) -> last).orElseThrow().split("\\+", -1);
        assertThat(Double.parseDouble(seconds[0]) + Double.parseDouble(seconds[1])).isLessThan(0.5);
    }

    @Test
    void anUnknownCommandIsAUsageMistake() throws Exception {
        Run run = MOJAVE.run("zzz");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).isEqualTo("mojave: unknown command 'zzz'; see mojave --help\n");
    }

    @Test
    void theIncubatorNoticeIsDroppedAndTheLastWordsArrive() throws Exception {
        Run run = MOJAVE.run("doctor", "--folder", folder.resolve("absent").toString());
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).isEqualTo("mojave: --folder " + folder.resolve("absent") + ": no such folder\n");
    }

    @Test
    void streamsCanBeJoinedInOrder() throws Exception {
        Run run = MOJAVE.shell("\"$0\" \"$@\" >\"" + folder + "/both\" 2>&1", "doctor", "--folder", folder.toString());
        assertThat(run.code()).isZero();
        assertThat(Files.readAllLines(folder.resolve("both")).getFirst()).isEqualTo("Measuring memory and disk…");
        assertThat(folder.resolve("both")).content().contains("java").doesNotContain("incubator");
    }

    @Test
    void faultsOfTheJvmAreNotLost() throws Exception {
        Run run = MOJAVE.with("MOJAVE_JAVA_OPTIONS", "-XX:NoSuchOption").run("doctor");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("NoSuchOption").contains("Could not create the Java Virtual Machine");
    }

    @Test
    void theHeapLeavesAFifthOfTheMemoryAllowedAndAtLeast300Megabytes() throws Exception {
        Launcher showing = MOJAVE.with("MOJAVE_JAVA_OPTIONS", "-Xlog:gc+init");
        assertThat(showing.run("compress", "x", "--out", "y", "--memory", "4GiB").out()).containsPattern("Heap Max Capacity: 327[678]M");
        assertThat(showing.run("compress", "x", "--out", "y", "--memory=0.5GB").out()).containsPattern("Heap Max Capacity: 19[0-2]M");
    }

    /** Keys and values live in the heap: a quarter of a small container would not hold those of a long context that its memory has room for. */
    @Test
    void whoGeneratesMayUseThreeQuartersOfTheMemoryAsHeap() throws Exception {
        Launcher showing = MOJAVE.with("MOJAVE_JAVA_OPTIONS", "-Xlog:gc+init -XX:MaxRAM=2g");
        assertThat(showing.run("run", "x").out()).containsPattern("Heap Max Capacity: 15[34]\\dM").contains("Heap Initial Capacity: 64M");
        assertThat(showing.run("bench", "x").out()).containsPattern("Heap Max Capacity: 15[34]\\dM");
        assertThat(showing.run("eval", "x").out()).containsPattern("Heap Max Capacity: 51\\dM");
    }

    @Test
    void doctorSpeaksJsonWithNothingAround() throws Exception {
        Run run = MOJAVE.run("doctor", "--json", "--quiet", "--folder", folder.toString());
        assertThat(run.code()).isZero();
        assertThat(run.err()).isEmpty();
        var findings = new tools.jackson.databind.json.JsonMapper().readTree(run.out()).get("findings");
        assertThat(findings.values()).extracting(finding -> finding.get("subject").stringValue())
                .contains("java", "processor", "memory", "memory speed", "disk", "C compiler");
    }

    @Test
    void anInterruptEndsWith130AndSaysSo() throws Exception {
        // A test run in the background may have been started with interrupts ignored; GNU env undoes that.
        Process process = MOJAVE.builder("env --default-signal=INT true 2>/dev/null && exec env --default-signal=INT \"$0\" \"$@\"; exec \"$0\" \"$@\"",
                "doctor", "--folder", folder.toString()).start();
        BufferedReader err = process.errorReader();
        assertThat(err.readLine()).isEqualTo("Measuring memory and disk…");
        assertThat(new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor()).isZero();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(130);
        assertThat(err.readAllAsString()).contains("mojave: interrupted");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void worksThroughALinkFromAnotherFolder() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("moj"), MOJAVE.root().resolve("mojave"));
        try {
            assertThat(MOJAVE.shell("cd / && '" + link + "' --version", "").out()).startsWith("mojave ");
        } finally {
            Files.delete(link);
        }
    }

    @Test
    void withoutAJdkItSaysHowToGetOne() throws Exception {
        Run none = MOJAVE.with("MOJAVE_JDK", folder.toString()).run("--help");
        assertThat(none.code()).isEqualTo(1);
        assertThat(none.err().lines()).hasSize(2);
        assertThat(none.err()).contains("no JDK 25").contains("adoptium.net");
        Files.createDirectories(folder.resolve("bin"));
        program(folder.resolve("bin/java"), "exit 0");
        program(folder.resolve("bin/javac"), "exit 0");
        Files.writeString(folder.resolve("release"), "JAVA_VERSION=\"24.0.2\"\n");
        assertThat(MOJAVE.with("MOJAVE_JDK", folder.toString()).run("--help").err()).isEqualTo(none.err());
    }

    @Test
    void mavenIsNeededOnlyToBuild() throws Exception {
        Path tools = tools();
        assertThat(MOJAVE.with("PATH", tools.toString()).run("--version").out()).startsWith("mojave ");
        Run unbuilt = tree().with("PATH", tools.toString()).run("--version");
        assertThat(unbuilt.code()).isEqualTo(1);
        assertThat(unbuilt.err()).contains("building needs Maven").contains("maven.apache.org");
    }

    @Test
    void twoStartsBuildOnceAndAFailureShowsItsReason() throws Exception {
        Path tools = tools();
        Path maven = tools.resolve("mvn");
        program(maven, """
                echo built >>builds
                sleep 1
                for module in cli compress engine format; do mkdir -p $module/target && touch $module/target/$module-1.jar; done
                echo @/cli/target/lib/none.jar >cli/target/libraries
                """);
        Launcher tree = tree().with("PATH", tools.toString());
        tree.shell("\"$0\" --version & \"$0\" --version; wait", "");
        assertThat(tree.root().resolve("builds")).hasContent("built");
        assertThat(tree.root().resolve("target/launcher/lock")).doesNotExist();

        program(maven, "echo '[ERROR] /x/A.java:[1,2] a word is missing'; exit 1");
        Files.createDirectories(tree.root().resolve("cli/src/main"));
        Files.setLastModifiedTime(tree.root().resolve("cli/src/main"),
                java.nio.file.attribute.FileTime.from(java.time.Instant.now().plusSeconds(2)));
        Run failed = tree.run("--version");
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.err()).contains("sources have changed").contains("a word is missing").contains("build.log");
        assertThat(tree.root().resolve("target/launcher/lock")).doesNotExist();
    }

    /** A folder with the launcher, a pom and no sources. */
    private Launcher tree() throws IOException {
        Path tree = Files.createDirectories(folder.resolve("tree"));
        Files.copy(MOJAVE.root().resolve("mojave"), tree.resolve("mojave"), java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
        Files.writeString(tree.resolve("pom.xml"), "<project/>");
        return new Launcher(tree, MOJAVE.environment());
    }

    /** A folder for the PATH in which there is no Maven. */
    private Path tools() throws IOException {
        Path tools = Files.createDirectories(folder.resolve("tools"));
        for (String tool : TOOLS) {
            for (String place : System.getenv("PATH").split(":", -1)) {
                Path program = Path.of(place, tool);
                if (Files.isExecutable(program) && !Files.exists(tools.resolve(tool))) {
                    program(tools.resolve(tool), "exec '" + program + "' \"$@\"");
                }
            }
        }
        return tools;
    }

    private static void program(Path file, String script) throws IOException {
        Files.writeString(file, "#!/bin/bash\n" + script + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }
}
