package org.mojave.compress.job;

import java.util.Optional;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.report.Report;

/** WIP. */
final class QualityCheck {
    private final JobContext job;

    QualityCheck(JobContext job) {
        this.job = job;
    }

    Optional<Report.Quality> run() {
        job.raise(new JobEvent.QualityNotMeasured("wip"));
        return Optional.empty();
    }
}
