package org.mojave.format.file;

import java.util.Map;
import java.util.TreeMap;

/** Which bytes of a file have been written: disjoint ranges, neighbours merged. Safe for several threads. */
final class ByteCoverage {
    private final TreeMap<Long, Long> endByBegin = new TreeMap<>();

    /** Adds {@code begin} inclusive to {@code end} exclusive. */
    synchronized void add(long begin, long end) {
        if (begin >= end) {
            return;
        }
        long from = begin;
        long to = end;
        Map.Entry<Long, Long> before = endByBegin.floorEntry(to);
        while (before != null && before.getValue() >= from) {
            from = Math.min(from, before.getKey());
            to = Math.max(to, before.getValue());
            endByBegin.remove(before.getKey());
            before = endByBegin.floorEntry(to);
        }
        endByBegin.put(from, to);
    }

    /** The first byte at or after {@code from} that has not been added. */
    synchronized long firstGap(long from) {
        Map.Entry<Long, Long> at = endByBegin.floorEntry(from);
        return at == null || at.getValue() <= from ? from : at.getValue();
    }
}
