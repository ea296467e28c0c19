package org.mojave.engine.stream;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.mojave.format.file.AlignedReads;
import org.mojave.format.file.ReadableFile;
import org.mojave.format.tensor.CheckpointException;

/** Threads that do nothing but read, in the order asked for, and tell one waiting thread when something has come. */
final class ReadQueue implements AutoCloseable {
    private final Map<Path, ReadableFile> files = new LinkedHashMap<>();
    private final Deque<Task> tasks = new ArrayDeque<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition more = lock.newCondition();
    private final AtomicLong changes = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong nanos = new AtomicLong();
    private final Thread[] threads;
    private volatile Thread waiting;
    private boolean closed;
    /** Reads going on, since when there is one, and the time before in which there was one; guarded by the lock. */
    private int active;
    private long activeSince;
    private long busyNanos;

    private record Task(Load load, int read) {}

    /** Opens the files and starts the threads; throws CheckpointException that names the file that cannot be opened. */
    ReadQueue(Iterable<Path> paths, ReadableFile.Opener opener, int threadCount) {
        for (Path path : paths) {
            try {
                files.put(path, opener.open(path));
            } catch (IOException e) {
                closeFiles();
                throw new CheckpointException(path.toString(), "cannot be opened (" + e.getMessage() + ")", e);
            }
        }
        threads = new Thread[threadCount];
        for (int i = 0; i < threadCount; i++) {
            threads[i] = Thread.ofPlatform().daemon().name("mojave-read-" + i).start(this::serve);
        }
    }

    /** Whether all files are read past the page cache. */
    boolean direct() {
        return files.values().stream().allMatch(ReadableFile::direct);
    }

    /** Adds a read behind all others. */
    void add(Load load, int read) {
        lock.lock();
        try {
            tasks.addLast(new Task(load, read));
            more.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Whether no read is waiting for a thread. */
    boolean idle() {
        lock.lock();
        try {
            return tasks.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    long bytes() {
        return bytes.get();
    }

    long nanos() {
        return nanos.get();
    }

    /** Time in which at least one read was going on. */
    long busyNanos() {
        lock.lock();
        try {
            return busyNanos + (active > 0 ? System.nanoTime() - activeSince : 0);
        } finally {
            lock.unlock();
        }
    }

    /** Reads finished so far. */
    long changes() {
        return changes.get();
    }

    /** Waits until a read has finished that {@code seen} does not count. */
    void awaitChange(long seen) {
        waiting = Thread.currentThread();
        while (changes.get() == seen) {
            LockSupport.park(this);
        }
        waiting = null;
    }

    private void serve() {
        while (true) {
            Task task = next();
            if (task == null) {
                return;
            }
            ExpertRecord.Read read = task.load().record().reads().get(task.read());
            long start = System.nanoTime();
            try {
                AlignedReads.fill(files.get(read.file()), read.offset(), task.load().target(read), read.wanted());
                nanos.addAndGet(System.nanoTime() - start);
                bytes.addAndGet(read.bytes());
                task.load().arrived(task.read());
            } catch (IOException | RuntimeException e) {
                task.load().failed(e);
            }
            ended();
            changes.incrementAndGet();
            Thread thread = waiting;
            if (thread != null) {
                LockSupport.unpark(thread);
            }
        }
    }

    private Task next() {
        lock.lock();
        try {
            while (tasks.isEmpty() && !closed) {
                more.awaitUninterruptibly();
            }
            if (!closed && active++ == 0) {
                activeSince = System.nanoTime();
            }
            return closed ? null : tasks.pollFirst();
        } finally {
            lock.unlock();
        }
    }

    private void ended() {
        lock.lock();
        try {
            if (--active == 0) {
                busyNanos += System.nanoTime() - activeSince;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Lets reads that have begun finish, and drops the others. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            more.signalAll();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException _) {
                    interrupted = true;
                }
            }
        }
        closeFiles();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void closeFiles() {
        for (ReadableFile file : files.values()) {
            try {
                file.close();
            } catch (IOException _) {
                // Nothing was written: there is nothing to lose.
            }
        }
    }
}
