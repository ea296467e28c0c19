package org.mojave.compress.sample;

/** Hears how far the sampling has come; called by the working thread. */
public interface SamplingListener {
    /** Hears nothing. */
    SamplingListener NONE = new SamplingListener() {
        @Override
        public void started(long tokens, long done) {}

        @Override
        public void advanced(long tokens) {}
    };

    /** So many tokens will be written, {@code done} of them were journaled by an earlier run. */
    void started(long tokens, long done);

    /** More tokens are written. */
    void advanced(long tokens);
}
