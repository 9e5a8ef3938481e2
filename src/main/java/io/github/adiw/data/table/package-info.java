/**
 * Tables: two files read as the same columns of numbers ({@link io.github.adiw.data.table.Tables}), later files in the same way
 * ({@link io.github.adiw.data.table.TableEncoding}, {@link io.github.adiw.data.table.RowReader}), and what is written for their rows
 * ({@link io.github.adiw.data.table.WeightsFile}). Not exported.
 */
package io.github.adiw.data.table;
