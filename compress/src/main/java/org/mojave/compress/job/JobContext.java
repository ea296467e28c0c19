package org.mojave.compress.job;

import java.util.ArrayList;
import java.util.List;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.report.JobEvent;
import org.mojave.engine.kernel.Workers;

/**
 * What all parts of a running job share.
 *
 * @param preparation what is known beforehand
 * @param records tensors written so far
 * @param workers threads
 * @param budget where big buffers are taken from
 * @param stages time spent
 * @param listener hears progress
 * @param events raised so far, in order
 */
record JobContext(Preparation preparation, Records records, Workers workers, MemoryBudget budget, Stages stages,
        JobListener listener, List<JobEvent> events) {
    JobContext(Preparation preparation, Records records, Workers workers, MemoryBudget budget, JobListener listener) {
        this(preparation, records, workers, budget, preparation.stages(), listener, new ArrayList<>());
    }

    /** Tells the listener and remembers; under {@code --strict} an event that degrades the result ends the job. */
    void raise(JobEvent event) {
        events.add(event);
        listener.raised(event);
        if (preparation.request().limits().strict() && event.degrades()) {
            throw new VerificationException(event.text() + "; --strict allows no such thing");
        }
    }
}
