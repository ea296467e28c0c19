package org.mojave.compress.job;

/** The version that the build wrote into the jar; results of different versions need not be equal. */
final class ToolVersion {
    private ToolVersion() {}

    /** {@code 0.1.0}, or {@code development} where the classes come from no jar. */
    static String text() {
        String version = ToolVersion.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
