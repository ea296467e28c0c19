package org.mojave.compress.calibrate;

/** Knows what was gathered of input groups; safe for several threads. */
@FunctionalInterface
public interface MomentSource {
    /** What was gathered of a group. */
    GroupMoments of(InputGroup group);
}
