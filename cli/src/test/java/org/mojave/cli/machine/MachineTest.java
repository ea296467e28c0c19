package org.mojave.cli.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MachineTest {
    private static final String MEMORY = "MemTotal:       24684084 kB\nMemFree:        1000 kB\nMemAvailable:   20000000 kB\n";

    @TempDir
    Path root;

    @Test
    void theTightestVersionTwoLimitOnTheWayUpHolds() throws IOException {
        write("proc/meminfo", MEMORY);
        write("proc/self/cgroup", "0::/user.slice/app\n");
        write("sys/fs/cgroup/user.slice/app/memory.max", "max\n");
        write("sys/fs/cgroup/user.slice/memory.max", "4294967296\n");
        Memory memory = Memory.read(root);
        assertThat(memory).isEqualTo(new Memory(24684084L << 10, 20000000L << 10, OptionalLong.of(4294967296L)));
        assertThat(memory.usable()).isEqualTo(4294967296L);
    }

    @Test
    void aVersionOneLimitHoldsAndItsWordForNoneIsUnderstood() throws IOException {
        write("proc/meminfo", MEMORY);
        write("proc/self/cgroup", "5:memory:/job\n1:cpu,cpuacct:/\n0::/\n");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assertThat(Memory.read(root).limit()).isEmpty();
        write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "1073741824\n");
        assertThat(Memory.read(root).limit()).hasValue(1073741824L);
        assertThat(Memory.read(root).finding().verdict()).isEqualTo(Finding.Verdict.WEAK);
    }

    @Test
    void theInstructionSetsOfBothFamiliesAreRead() throws IOException {
        write("x86", "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu avx2 fma avx512f avx512_vnni\n");
        write("arm", "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\n");
        assertThat(Processor.read(root.resolve("x86")).instructions()).containsExactly("fma", "avx2", "avx512f", "avx512_vnni");
        assertThat(Processor.read(root.resolve("x86")).model()).isEqualTo("Some CPU");
        assertThat(Processor.read(root.resolve("arm")).instructions()).containsExactly("asimd", "asimddp", "i8mm");
        assertThat(Processor.read(root.resolve("absent")).model()).isEqualTo("unknown");
    }

    @Test
    void anOldJavaIsBadAndSaysWhatToDo() {
        Finding old = new JavaRuntime(Runtime.Version.parse("25.0.1+8"), "Somebody", "/jdk").finding();
        assertThat(old.verdict()).isEqualTo(Finding.Verdict.BAD);
        assertThat(old.remedy()).contains("JAVA_HOME");
        assertThat(new JavaRuntime(Runtime.Version.parse("25.0.3+9-LTS"), "Somebody", "/jdk").finding().verdict())
                .isEqualTo(Finding.Verdict.GOOD);
    }

    @Test
    void theFirstCompilerOnThePathIsFound() throws IOException {
        write("bin/gcc", "#!/bin/sh\n");
        assertThat(CCompiler.onPath(root.resolve("bin").toString()).program()).isEmpty();
        assertThat(root.resolve("bin/gcc").toFile().setExecutable(true)).isTrue();
        assertThat(CCompiler.onPath("/nowhere:" + root.resolve("bin")).program()).contains(root.resolve("bin/gcc"));
    }

    @Test
    void measuringADiskLeavesNothingBehind() throws IOException {
        DiskBandwidth disk = DiskBandwidth.measure(root);
        assertThat(disk.writeBytesPerSecond()).isPositive();
        assertThat(disk.readBytesPerSecond()).isPositive();
        assertThat(root).isEmptyDirectory();
    }

    private void write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }
}
