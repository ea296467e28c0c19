package org.mojave.compress.job;

import java.nio.file.Path;
import org.mojave.compress.report.JobEvent;

/** Hears how a job gets on; called by the job's thread. */
public interface JobListener {
    /** Hears nothing. */
    JobListener NONE = new JobListener() {
        @Override
        public void started(String stage, long total) {}

        @Override
        public void advanced(long amount, String place) {}

        @Override
        public void raised(JobEvent event) {}
    };

    /** The journal is begun: from now on an interrupted job can be continued by naming {@code output}. */
    default void resumable(Path output) {}

    /** A stage begins; {@code total} is its amount of work in units of its own. */
    void started(String stage, long total);

    /** So much of the running stage is done, now at {@code place}. */
    void advanced(long amount, String place);

    /** Something did not go the straight way. */
    void raised(JobEvent event);
}
