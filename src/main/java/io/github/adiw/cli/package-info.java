/**
 * The command line {@code adiw}: a class a command, over options that they share. It does nothing that a program could not do with the
 * exported packages; it reads what a person typed, and writes tables, files and pictures. Needs picocli, progressbar and XChart, which the
 * library does not. Not exported.
 */
package io.github.adiw.cli;
