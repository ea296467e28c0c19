package org.mojave.compress.job;

import java.util.List;
import org.mojave.compress.calibrate.HiddenStates;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.plan.KeptTensor;
import org.mojave.compress.plan.Plan;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.report.Report;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.Ends;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RouterListener;
import org.mojave.format.tensor.TensorData;

/**
 * Opens the finished files with the ordinary loader and compares them with what the job computed: every packed tensor's
 * checksum, every kept tensor with the original (those that were rewritten: with what was computed), every scheme with the plan, and the logits of a few sequences.
 */
final class Verification {
    /** Largest difference of a logit, as a part of the largest logit: rounding of float32 sums in another order. */
    private static final double TOLERANCE = 1e-4;

    private final JobContext job;

    Verification(JobContext job) {
        this.job = job;
    }

    /** Throws {@link VerificationException} at the first difference. */
    Report.Verification run(Ends ends, HiddenStates states) {
        try (Model written = Model.open(job.records().folder())) {
            int tensors = compareTensors(written);
            TokenSequences tokens = job.preparation().tokens();
            int sequences = Math.min(JobTokens.CHECKED_SEQUENCES, tokens.count());
            Logits logits = new Logits(ends, states, tokens.length(), job.preparation().plan().source().spec().vocabularySize());
            Decoder decoder = new Decoder(written, job.workers());
            for (int s = 0; s < sequences; s++) {
                int sequence = s;
                Decoder.Chunk chunk = new Decoder.Chunk(decoder.newCache(tokens.length()), tokens.sequences().get(s));
                decoder.all(List.of(chunk), (_, first, rows, found) -> logits.compare(sequence, first, rows, found),
                        RouterListener.NONE);
                job.listener().advanced(1, "sequence " + (s + 1));
            }
            if (!(logits.largestDifference <= TOLERANCE * Math.max(1, logits.largest))) {
                throw new VerificationException(job.records().folder() + ": the written model's logits differ by up to "
                        + logits.largestDifference + " from those computed with the matrices in memory; please report this");
            }
            return new Report.Verification(tensors, sequences, logits.largestDifference);
        }
    }

    private int compareTensors(Model written) {
        Plan plan = job.preparation().plan();
        int compared = 0;
        for (PlannedMatrix matrix : plan.matrices()) {
            if (matrix.scheme().isPresent()) {
                String name = matrix.id().name();
                String storage = written.weights().matrix(matrix.id()).storage();
                if (!storage.equals(matrix.scheme().get().id())) {
                    throw different(name, "is read as " + storage + ", planned as " + matrix.scheme().get().id());
                }
                if (Records.checksum(written.checkpoint().tensor(name).bytes()) != job.records().checksum(name)) {
                    throw different(name, "holds other bytes than were computed");
                }
                compared++;
            }
        }
        for (int layer = MatrixId.NONE; layer < plan.source().spec().layers().size(); layer++) {
            for (String name : plan.kept(layer)) {
                compareKept(name, plan, written.checkpoint().tensor(name));
                compared++;
            }
        }
        return compared;
    }

    /** A tensor as it was in the original must still be; one that was rewritten or fitted anew must be what was computed. */
    private void compareKept(String name, Plan plan, TensorData copy) {
        KeptTensor expected = plan.source().kept(name);
        if (plan.storedType(name) != copy.type() || !expected.dimensions().equals(copy.shape())) {
            throw different(name, "is " + copy.type() + copy.shape() + ", planned was " + plan.storedType(name) + expected.dimensions());
        }
        if (!job.preparation().rewritten().contains(name) && expected instanceof KeptTensor.Copied(TensorData original)) {
            if (original.bytes().mismatch(copy.bytes()) >= 0) {
                throw different(name, "differs from the original");
            }
        } else if (Records.checksum(copy.bytes()) != job.records().checksum(name)) {
            throw different(name, "holds other bytes than were computed");
        }
    }

    private VerificationException different(String tensor, String how) {
        return new VerificationException(job.records().folder() + ", tensor " + tensor + ": " + how);
    }

    /** The job's own logits, computed panel by panel from its last hidden states. */
    private static final class Logits {
        private final Ends ends;
        private final HiddenStates states;
        private final int length;
        private final int vocabulary;
        private float[] hidden = new float[0];
        private float[] expected = new float[0];
        private double largest;
        private double largestDifference;

        Logits(Ends ends, HiddenStates states, int length, int vocabulary) {
            this.ends = ends;
            this.states = states;
            this.length = length;
            this.vocabulary = vocabulary;
        }

        void compare(int sequence, int first, int rows, float[] found) {
            if (expected.length < rows * vocabulary) {
                hidden = new float[rows * states.width()];
                expected = new float[rows * vocabulary];
            }
            states.read(sequence * length + first, rows, hidden);
            ends.logits(hidden, 0, rows, expected);
            for (int i = 0; i < rows * vocabulary; i++) {
                largest = Math.max(largest, Math.abs(expected[i]));
                double difference = Math.abs(expected[i] - found[i]);
                largestDifference = Double.isNaN(difference) ? Double.NaN : Math.max(largestDifference, difference);
            }
        }
    }
}
