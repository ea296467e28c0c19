package org.mojave.engine.kernel;

/**
 * Whether native kernels can be used here, and if not, why; loading never throws.
 *
 * <p>Example: {@code log.info(NativeSupport.load(new NativeChoice.Best()).describe())}.
 */
public sealed interface NativeSupport {
    /** One line for people: which kernels are in use, or why none. */
    String describe();

    /** Usable. */
    record Available(NativeKernels kernels) implements NativeSupport {
        @Override
        public String describe() {
            return "native kernels: " + kernels.variant().label();
        }
    }

    /** Not usable. {@code cause} is for programs, {@code detail} is one clause for people. */
    record Unavailable(Cause cause, String detail) implements NativeSupport {
        @Override
        public String describe() {
            return "native kernels: not used, because " + detail;
        }
    }

    /** Why native kernels cannot be used. */
    enum Cause {
        /** Switched off by an option. */
        DISABLED,
        /** The library was not built for this operating system or processor family, or there was no C compiler. */
        NOT_BUILT,
        /** The processor lacks the instructions. */
        PROCESSOR,
        /** The library is there but cannot be unpacked, opened or bound. */
        LOADING
    }

    /** Unpacks the library into this user's cache, opens it and picks a variant. */
    static NativeSupport load(NativeChoice choice) {
        return NativeLibrary.load(choice, NativeCache.perUser());
    }
}
