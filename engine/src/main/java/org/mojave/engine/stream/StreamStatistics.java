package org.mojave.engine.stream;

/**
 * What a store has done since it was opened.
 *
 * @param requests experts that layers needed
 * @param hits of them in memory when they were needed
 * @param reads records read, those looked ahead included
 * @param aheadReads of them on a guess
 * @param aheadUsed of those needed by the layer they were read for
 * @param bytesRead bytes read
 * @param readNanos time that reading threads spent in reads, summed over them
 * @param busyNanos time in which at least one read was going on
 * @param stallNanos time that the computation waited
 */
public record StreamStatistics(long requests, long hits, long reads, long aheadReads, long aheadUsed, long bytesRead, long readNanos, long busyNanos,
        long stallNanos) {
    /** Nothing done yet. */
    public static final StreamStatistics NONE = new StreamStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0);

    /** What happened after {@code earlier}. */
    public StreamStatistics since(StreamStatistics earlier) {
        return new StreamStatistics(requests - earlier.requests, hits - earlier.hits, reads - earlier.reads, aheadReads - earlier.aheadReads,
                aheadUsed - earlier.aheadUsed, bytesRead - earlier.bytesRead, readNanos - earlier.readNanos,
                busyNanos - earlier.busyNanos, stallNanos - earlier.stallNanos);
    }

    /** What the disk gave while it was reading; 0 where nothing was read. */
    public double bytesPerSecond() {
        return busyNanos == 0 ? 0 : bytesRead * 1e9 / busyNanos;
    }

    /** Share of needs met from memory; 1 where there were none. */
    public double hitRate() {
        return requests == 0 ? 1 : (double) hits / requests;
    }
}
