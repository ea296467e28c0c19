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
    /**
     * A thread takes so many bytes of a read where other threads have nothing to do, and else all that is left of it: one missing expert
     * is worth several requests, of many a request each is faster.
     */
    private static final long PIECE_BYTES = 1L << 20;

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

    /** A read of which {@code taken} bytes are some thread's business already; guarded by the lock. */
    private static final class Task {
        final Load load;
        final int read;
        long taken;

        Task(Load load, int read) {
            this.load = load;
            this.read = read;
        }

        ExpertRecord.Read whole() {
            return load.record().reads().get(read);
        }
    }

    private record Piece(Load load, int read, ExpertRecord.Read bytes) {}

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
            Piece piece = next();
            if (piece == null) {
                return;
            }
            boolean news = read(piece);
            ended();
            if (news) {
                changes.incrementAndGet();
                LockSupport.unpark(waiting);
            }
        }
    }

    /** Whether the waiting thread can do more now. */
    private boolean read(Piece piece) {
        ExpertRecord.Read read = piece.bytes();
        long start = System.nanoTime();
        try {
            AlignedReads.fill(files.get(read.file()), read.offset(), piece.load().target(read), read.wanted());
            nanos.addAndGet(System.nanoTime() - start);
            bytes.addAndGet(read.bytes());
            return piece.load().arrived(piece.read(), read.bytes());
        } catch (IOException | RuntimeException e) {
            piece.load().failed(read.bytes(), e);
            return true;
        }
    }

    private Piece next() {
        lock.lock();
        try {
            while (tasks.isEmpty() && !closed) {
                more.awaitUninterruptibly();
            }
            if (closed) {
                return null;
            }
            if (active++ == 0) {
                activeSince = System.nanoTime();
            }
            return take(tasks.peekFirst());
        } finally {
            lock.unlock();
        }
    }

    /** The next bytes of the first task. */
    private Piece take(Task task) {
        ExpertRecord.Read read = task.whole();
        long left = read.bytes() - task.taken;
        boolean othersWait = active + tasks.size() <= threads.length;
        long length = othersWait && left > PIECE_BYTES * 3 / 2 ? PIECE_BYTES : left;
        Piece piece = new Piece(task.load, task.read, read.piece(task.taken, length));
        task.taken += length;
        if (length == left) {
            tasks.removeFirst();
        } else {
            more.signal();
        }
        return piece;
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
