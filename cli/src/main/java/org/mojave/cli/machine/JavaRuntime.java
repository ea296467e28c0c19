package org.mojave.cli.machine;

import java.util.Map;

/**
 * The Java that runs this.
 *
 * @param version of the runtime
 * @param vendor who built it
 * @param home its folder
 */
public record JavaRuntime(Runtime.Version version, String vendor, String home) {
    /** Older builds of 25 can crash in G1 when native code pins an object. */
    private static final Runtime.Version OLDEST_SOUND = Runtime.Version.parse("25.0.3");

    /** The runtime of this process. */
    public static JavaRuntime current() {
        return new JavaRuntime(Runtime.version(), System.getProperty("java.vendor"), System.getProperty("java.home"));
    }

    /** Whether it is new enough. */
    public Finding finding() {
        String value = version + " by " + vendor + " in " + home;
        Map<String, Object> facts = Map.of("version", version.toString(), "vendor", vendor, "home", home);
        boolean sound = version.compareToIgnoreOptional(OLDEST_SOUND) >= 0;
        return sound
                ? Finding.good("java", value, facts)
                : new Finding("java", value, Finding.Verdict.BAD,
                        "builds before " + OLDEST_SOUND + " have a fault in G1; install a newer JDK and point JAVA_HOME to it", facts);
    }
}
