/**
 * The divergences of this library, each a {@link io.github.adiw.weight.Minimizer} behind its {@link io.github.adiw.weight.Divergence}; not
 * exported.
 */
package io.github.adiw.weight.divergence;
