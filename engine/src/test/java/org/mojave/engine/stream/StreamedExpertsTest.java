package org.mojave.engine.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.engine.evict.DecayedFrequency;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.arch.Architectures;
import org.mojave.engine.predict.PathStatistics;
import org.mojave.engine.store.ExpertPart;
import org.mojave.engine.store.ExpertStore;
import org.mojave.engine.store.Weights;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.checkpoint.FileRange;
import org.mojave.format.checkpoint.TensorChecksums;
import org.mojave.format.file.DirectFile;
import org.mojave.format.file.ReadableFile;
import org.mojave.format.tensor.CheckpointException;

/** The store on {@code wren-moe}: 6 layers of 16 experts, in the alphabetical order and alignment of Hugging Face's writer. */
final class StreamedExpertsTest {
    private static final Path WREN = Path.of(System.getProperty("mojave.root")).resolve("examples/wren-moe");
    private static final List<MatrixRole> ROLES = List.of(MatrixRole.GATE, MatrixRole.UP, MatrixRole.DOWN);

    @TempDir
    Path folder;

    private Checkpoint checkpoint;
    private ModelSpec spec;
    private Weights weights;

    @BeforeEach
    void copyWithChecksums() throws IOException {
        for (String name : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(WREN.resolve(name), folder.resolve(name));
        }
        checkpoint = Checkpoint.open(folder);
        Files.write(folder.resolve(TensorChecksums.NAME), TensorChecksums.bytes(checkpoint.tensors().keySet(),
                name -> TensorChecksums.checksum(checkpoint.tensor(name).bytes())));
        var recognised = Architectures.recognise(new Config("config.json", checkpoint.config()));
        spec = recognised.spec();
        weights = new Weights(checkpoint, spec, recognised.names());
    }

    @AfterEach
    void close() {
        checkpoint.close();
    }

    private StreamedExperts store(int slots, ReadableFile.Opener opener) {
        StreamPlan plan = StreamPlan.of(spec, weights, checkpoint);
        return StreamedExperts.open(plan, slots, new DecayedFrequency(plan.numbers(), DecayedFrequency.Settings.usual()),
                new StreamedExperts.Reading(opener, 3, false));
    }

    private void check(Matrix found, MatrixId id) {
        Matrix expected = weights.matrix(id);
        assertThat(found.rows()).isEqualTo(expected.rows());
        assertThat(found.storage()).isEqualTo(expected.storage());
        float[] a = new float[expected.rows() * expected.columns()];
        float[] b = new float[a.length];
        expected.decode(0, expected.rows(), a, 0);
        found.decode(0, found.rows(), b, 0);
        assertThat(b).as(id.name()).isEqualTo(a);
    }

    @Test
    void handsOutWhatTheFilesHoldWhateverTheSlots() {
        for (int slots : new int[] {3, 7, 24, 200}) {
            SplittableRandom random = new SplittableRandom(slots);
            try (StreamedExperts store = store(slots, DirectFile::open)) {
                for (int step = 0; step < 12; step++) {
                    for (int layer = 0; layer < 6; layer++) {
                        int count = 1 + random.nextInt(step % 4 == 0 ? 16 : 2);
                        int[] experts = random.ints(200, 0, 16).distinct().limit(count).sorted().toArray();
                        use(store, layer, experts);
                    }
                }
                StreamStatistics done = store.statistics();
                assertThat(done.hits() + done.reads()).as("%d slots", slots).isBetween(done.requests(), done.requests() * 2);
                assertThat(done.busyNanos()).as("three threads at most").isPositive().isGreaterThanOrEqualTo(done.readNanos() / 3);
                assertThat(store.slots()).isEqualTo(Math.min(96, slots));
                if (slots == 200) {
                    assertThat(done.reads()).as("everything fits: nothing is read twice").isLessThanOrEqualTo(96);
                }
            }
        }
    }

    /** Each layer takes the neighbours of the experts before: most of what is read ahead is what the next layer needs. */
    @Test
    void pathsThatRepeatAreReadAhead() {
        StreamPlan plan = StreamPlan.of(spec, weights, checkpoint);
        StreamedExperts experts = StreamedExperts.open(plan, 20, new DecayedFrequency(plan.numbers(), DecayedFrequency.Settings.usual()),
                new StreamedExperts.Reading(DirectFile::open, 3, true));
        try (ExpertStore store = new PathGuesses(plan, experts, new PathStatistics(plan.numbers().perLayer()))) {
            assertThat(store.wantsGuesses()).as("routers need not be asked").isFalse();
            SplittableRandom random = new SplittableRandom(4);
            for (int step = 0; step < 400; step++) {
                int first = random.nextInt(8);
                for (int layer = 0; layer < 6; layer++) {
                    use(store, layer, new int[] {(first + layer) % 8, 8 + (first + layer) % 8});
                }
            }
            StreamStatistics done = experts.statistics();
            assertThat(done.aheadReads()).isGreaterThan(10);
            assertThat(done.aheadUsed()).as("of %d", done.aheadReads()).isGreaterThan(done.aheadReads() / 2);
        }
    }

    private void use(ExpertStore store, int layer, int[] experts) {
        try (ExpertStore.Demand demand = store.demand(layer, experts, experts.length)) {
            for (int from = 0; from < experts.length; from += demand.together()) {
                int end = Math.min(experts.length, from + demand.together());
                for (MatrixRole role : ROLES) {
                    for (int i = from; i < end; i++) {
                        MatrixId id = new MatrixId(role, layer, experts[i]);
                        check(demand.matrix(id), id);
                        assertThat(demand.ready(experts[i], ExpertPart.of(role))).isTrue();
                    }
                }
                for (int i = from; i < end; i++) {
                    demand.done(experts[i]);
                }
            }
        }
    }

    @Test
    void shortAndSlowReadsChangeNothing() {
        for (FaultyFile.Fault fault : new FaultyFile.Fault[] {FaultyFile.Fault.SHORT_READS, FaultyFile.Fault.SLOW}) {
            try (StreamedExperts store = store(5, path -> new FaultyFile(DirectFile.open(path), fault, 0))) {
                use(store, 2, new int[] {0, 3, 5, 9, 15});
                assertThat(store.statistics().stallNanos()).isPositive();
            }
        }
    }

    @Test
    void faultsNameLayerAndExpertAndSpareTheOthers() {
        FileRange range = checkpoint.locate(ExpertRecord.mapped(new MatrixId(MatrixRole.UP, 1, 7), weights.matrix(new MatrixId(MatrixRole.UP, 1, 7))));
        for (FaultyFile.Fault fault : new FaultyFile.Fault[] {FaultyFile.Fault.READ_ERROR, FaultyFile.Fault.TRUNCATED, FaultyFile.Fault.FLIPPED_BIT}) {
            boolean[] sound = new boolean[1];
            try (StreamedExperts store = store(4, path -> new Mending(DirectFile.open(path),
                    new FaultyFile(DirectFile.open(path), fault, range.offset() + 100), sound))) {
                assertThatThrownBy(() -> use(store, 1, new int[] {2, 7})).as("%s", fault).isInstanceOf(CheckpointException.class)
                        .hasMessageContaining("layer 1, expert 7").hasMessageContaining("model.safetensors");
                sound[0] = true;
                use(store, 1, new int[] {2, 7});
            }
        }
    }

    /** Faulty until it is mended. */
    private record Mending(ReadableFile good, ReadableFile bad, boolean[] sound) implements ReadableFile {
        private ReadableFile now() {
            return sound[0] ? good : bad;
        }

        @Override
        public int read(java.nio.ByteBuffer target, long position) throws IOException {
            return now().read(target, position);
        }

        @Override
        public long size() throws IOException {
            return good.size();
        }

        @Override
        public int alignment() {
            return good.alignment();
        }

        @Override
        public boolean direct() {
            return good.direct();
        }

        @Override
        public void close() throws IOException {
            good.close();
            bad.close();
        }
    }

    @Test
    void oneRecordIsTwoReadsWhereDownComesLast() {
        MatrixId gate = new MatrixId(MatrixRole.GATE, 0, 0);
        MatrixId up = new MatrixId(MatrixRole.UP, 0, 0);
        MatrixId down = new MatrixId(MatrixRole.DOWN, 0, 0);
        Path file = Path.of("f");
        ExpertRecord native4 = ExpertRecord.of(0, List.of(source(gate, file, 8192, 5000), source(up, file, 13192, 5000), source(down, file, 18192, 9000)));
        assertThat(native4.reads()).containsExactly(new ExpertRecord.Read(file, 8192, 0, 12288, 12288),
                new ExpertRecord.Read(file, 20480, 12288, 8192, 6712));
        assertThat(native4.mask(ExpertPart.GATE_UP)).isEqualTo(1);
        assertThat(native4.mask(ExpertPart.DOWN)).isEqualTo(3);
        assertThat(native4.slotBytes()).isEqualTo(20480);
        ExpertRecord alphabetical = ExpertRecord.of(0, List.of(source(gate, file, 6000, 5000), source(up, file, 11000, 5000), source(down, file, 1000, 5000)));
        assertThat(alphabetical.reads()).containsExactly(new ExpertRecord.Read(file, 0, 0, 16384, 16000));
        ExpertRecord scattered = ExpertRecord.of(0, List.of(source(gate, file, 50000, 100), source(up, file, 90000, 100), source(down, file, 4095, 2)));
        assertThat(scattered.reads()).hasSize(3);
        assertThat(scattered.slotBytes()).isEqualTo(4 * 4096);
        assertThat(IntStream.range(0, 3).mapToObj(i -> scattered.matrices().get(i).mask())).containsExactly(1, 2, 4);
    }

    private ExpertRecord.Source source(MatrixId id, Path file, long offset, long bytes) {
        return new ExpertRecord.Source(id, weights.matrix(id), new FileRange(file, offset, bytes), java.util.OptionalInt.empty());
    }

    @Test
    void tooFewSlotsAreRefused() {
        assertThatThrownBy(() -> store(2, DirectFile::open).close()).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("at least 3");
    }
}
