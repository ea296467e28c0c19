/**
 * Routers under compression: how experts are used ({@link org.mojave.compress.route.ExpertUse}), how far a changed model still picks
 * the same ones ({@link org.mojave.compress.route.RouterAgreement}), repairing a router in closed form ({@link
 * org.mojave.compress.route.RouterRepair}) or quantizing it with care ({@link org.mojave.compress.route.RouterClip}), and calibrating the rules
 * by which a run may skip experts ({@link org.mojave.compress.route.RoutedWeights}; the rules: {@link org.mojave.engine.prune.PruningRule}).
 *
 * <p>Pure arithmetic on arrays: must not know models, files or the run time that applies the rules.
 */
package org.mojave.compress.route;
