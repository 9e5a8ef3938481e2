/**
 * The command line {@code adiw}: a class a command, over options that they share. It computes nothing that a program could not compute with
 * the exported packages; it reads what a person typed, and writes tables, files and pictures. Needs picocli, progressbar and XChart, which
 * the library does not. Not exported.
 */
package io.github.adiw.cli;
