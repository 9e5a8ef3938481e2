/**
 * The pictures that the commands write: accuracy over epochs, time of a step by method, weights of clean and of mislabelled samples, and
 * estimated weights, all in one style. Not exported.
 */
package io.github.adiw.cli.plot;
