package io.github.adiw.data.table;

import io.github.adiw.data.Rows;

/**
 * Two files as the same columns of numbers.
 *
 * @param encoding   how their columns became numbers
 * @param train      {@code [n, encoding.names().size()]}, finite
 * @param validation {@code [m, encoding.names().size()]}, finite
 * @param ids        of the training rows, {@code [n]}; null if no column has them
 */
public record TablePair(TableEncoding encoding, Rows train, Rows validation, String[] ids) {}
