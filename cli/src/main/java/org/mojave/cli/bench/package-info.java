/**
 * Measures how fast a model runs here, and against what bound. Knows the engine and the machine; must not know how a model
 * was made. Start with {@link org.mojave.cli.bench.SpeedTest}.
 */
package org.mojave.cli.bench;
