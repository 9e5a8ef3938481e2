/**
 * Files: the formats {@link io.github.adiw.data.file.Npy} (row by row: {@link io.github.adiw.data.file.NpyRows}),
 * {@link io.github.adiw.data.file.IdxFile}, {@link io.github.adiw.data.file.CifarFile} and {@link io.github.adiw.data.file.TarGzip}, whose
 * readers refuse what is broken in a sentence with the file's name and the place, and {@link io.github.adiw.data.file.AtomicFile}, by which
 * everything is written: whole, or not at all. Not exported.
 */
package io.github.adiw.data.file;
