package org.mojave.engine.kernel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed set of threads for arithmetic. Tasks are handed out one by one, so that a slow core gets fewer; what a task
 * computes must not depend on who runs it. The caller works too; {@code threads == 1} starts no thread at all.
 *
 * <p>One job at a time: {@link #run} is not reentrant and must be called by one thread.
 */
public final class Workers implements AutoCloseable {
    private static final int SPINS = 2_000;

    /** Part {@code index} of a job, run by worker {@code worker} (0 is the caller) for its private scratch memory. */
    @FunctionalInterface
    public interface Task {
        /** Computes one part. */
        void run(int index, int worker);
    }

    private static final class Job {
        final int tasks;
        final Task task;
        final AtomicInteger next = new AtomicInteger();
        final AtomicInteger finished = new AtomicInteger();
        final AtomicReference<Throwable> failure = new AtomicReference<>();

        Job(int tasks, Task task) {
            this.tasks = tasks;
            this.task = task;
        }

        void work(int worker) {
            int index = next.getAndIncrement();
            while (index < tasks) {
                if (failure.get() == null) {
                    try {
                        task.run(index, worker);
                    } catch (Throwable t) {
                        failure.compareAndSet(null, t);
                    }
                }
                finished.incrementAndGet();
                index = next.getAndIncrement();
            }
        }
    }

    private final Thread[] helpers;
    private final float[][] scratch;
    private final LinearAlgebra algebra;
    private volatile Job current;
    private volatile boolean closed;

    /** Starts {@code threads − 1} daemon threads that calculate with {@link LinearAlgebra#preferred()}. */
    public Workers(int threads) {
        this(threads, LinearAlgebra.preferred());
    }

    /** Starts {@code threads − 1} daemon threads. */
    public Workers(int threads, LinearAlgebra algebra) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, not " + threads);
        }
        this.algebra = algebra;
        scratch = new float[threads][0];
        helpers = new Thread[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            int worker = i + 1;
            helpers[i] = Thread.ofPlatform().daemon().name("mojave-worker-" + worker).start(() -> serve(worker));
        }
    }

    /** Threads that work, the caller included. */
    public int threads() {
        return helpers.length + 1;
    }

    /** What they calculate products and factorisations with. */
    public LinearAlgebra algebra() {
        return algebra;
    }

    /** Bytes of the scratch memory that the workers keep between jobs. */
    public long scratchBytes() {
        long floats = 0;
        for (float[] array : scratch) {
            floats += array.length;
        }
        return Float.BYTES * floats;
    }

    /** Memory of a worker, at least {@code floats} long, with arbitrary content; valid until its next task asks again. */
    float[] scratch(int worker, int floats) {
        if (scratch[worker].length < floats) {
            scratch[worker] = new float[floats];
        }
        return scratch[worker];
    }

    /** Runs tasks {@code 0 … tasks−1} and returns when all are done; the first failure is thrown. */
    public void run(int tasks, Task task) {
        if (helpers.length == 0 || tasks <= 1) {
            for (int i = 0; i < tasks; i++) {
                task.run(i, 0);
            }
            return;
        }
        Job job = new Job(tasks, task);
        current = job;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
        job.work(0);
        while (job.finished.get() < tasks) {
            Thread.onSpinWait();
        }
        current = null;
        Throwable failure = job.failure.get();
        switch (failure) {
            case null -> { }
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
    }

    private void serve(int worker) {
        Job last = null;
        int idle = 0;
        while (!closed) {
            Job job = current;
            if (job == null || job == last) {
                if (++idle > SPINS) {
                    LockSupport.park(this);
                    idle = 0;
                } else {
                    Thread.onSpinWait();
                }
            } else {
                job.work(worker);
                last = job;
                idle = 0;
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }
}
