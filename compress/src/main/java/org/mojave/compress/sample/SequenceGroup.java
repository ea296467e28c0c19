package org.mojave.compress.sample;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.mojave.compress.statistics.ExpertHistogram;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.Routing;

/**
 * Several searches that take their steps together, so that the model's weights are read once for all their beams. Every beam has a KV
 * cache; a beam that branches hands its own to one child and copies what the others lack.
 */
final class SequenceGroup {
    /** A search and the caches of its beams, in the order of the beams. */
    private static final class Track {
        private final BeamSearch search;
        private List<KvCache> caches;
        private final List<KvCache> spare = new ArrayList<>();

        Track(BeamSearch search, KvCache first) {
            this.search = search;
            caches = List.of(first);
        }
    }

    private final Decoder decoder;
    private final Workers workers;
    private final BeamSettings settings;
    private final int[] mixtures;
    private final List<Track> tracks = new ArrayList<>();

    /** Searches to be run by that decoder; {@code mixtures} numbers the layers with experts from 0, −1 for others. */
    SequenceGroup(Decoder decoder, Workers workers, BeamSettings settings, int[] mixtures) {
        this.decoder = decoder;
        this.workers = workers;
        this.settings = settings;
        this.mixtures = mixtures;
    }

    /** Adds a search that has not begun to grow. */
    void add(BeamSearch search) {
        tracks.add(new Track(search, decoder.newCache(settings.length())));
    }

    /**
     * Runs all to the end, calling {@code step} after each token; returns the use of the experts by each search's best beam, all its
     * tokens included.
     */
    List<ExpertHistogram> run(Runnable step) {
        while (!tracks.getFirst().search.isComplete()) {
            List<Beam> beams = tracks.stream().flatMap(track -> track.search.beams().stream()).toList();
            List<KvCache> caches = tracks.stream().flatMap(track -> track.caches.stream()).toList();
            List<float[]> logits = feed(beams, caches);
            grow(logits);
            step.run();
        }
        feed(tracks.stream().map(track -> track.search.beams().getFirst()).toList(),
                tracks.stream().map(track -> track.caches.getFirst()).toList());
        return tracks.stream().map(track -> track.search.beams().getFirst().use().histogram()).toList();
    }

    /** Shows the model what its caches lack of the beams, and counts the experts that it chooses. */
    private List<float[]> feed(List<Beam> beams, List<KvCache> caches) {
        List<Decoder.Chunk> chunks = new ArrayList<>();
        for (int b = 0; b < beams.size(); b++) {
            int[] tokens = beams.get(b).tokens();
            int seen = caches.get(b).length();
            chunks.add(new Decoder.Chunk(caches.get(b), Arrays.copyOfRange(tokens, seen, tokens.length)));
        }
        int fresh = chunks.getFirst().tokens().length;
        return decoder.last(chunks, (layer, routing) -> count(layer, routing, beams, fresh));
    }

    /** Of each beam's rows the last {@code fresh} are new; rows before them were computed again for their rope. */
    private void count(int layer, Routing routing, List<Beam> beams, int fresh) {
        int rows = routing.tokens() / beams.size();
        for (int b = 0; b < beams.size(); b++) {
            for (int row = (b + 1) * rows - fresh; row < (b + 1) * rows; row++) {
                for (int c = 0; c < routing.chosen(); c++) {
                    beams.get(b).use().add(mixtures[layer], routing.experts()[row * routing.chosen() + c]);
                }
            }
        }
    }

    private void grow(List<float[]> logits) {
        int[] first = new int[tracks.size() + 1];
        for (int t = 0; t < tracks.size(); t++) {
            first[t + 1] = first[t] + tracks.get(t).caches.size();
        }
        workers.run(tracks.size(), (t, _) -> {
            Track track = tracks.get(t);
            track.search.grow(logits.subList(first[t], first[t + 1]));
            branch(track);
        });
    }

    private void branch(Track track) {
        int[] parents = track.search.parents();
        boolean[] taken = new boolean[track.caches.size()];
        KvCache[] next = new KvCache[parents.length];
        for (int b = 0; b < parents.length; b++) {
            if (!taken[parents[b]]) {
                taken[parents[b]] = true;
                next[b] = track.caches.get(parents[b]);
            }
        }
        for (int c = 0; c < taken.length; c++) {
            if (!taken[c]) {
                track.spare.add(track.caches.get(c));
            }
        }
        for (int b = 0; b < next.length; b++) {
            if (next[b] == null) {
                next[b] = track.spare.isEmpty() ? decoder.newCache(settings.length()) : track.spare.removeLast();
                next[b].copyFrom(track.caches.get(parents[b]));
            }
        }
        track.caches = List.of(next);
    }
}
