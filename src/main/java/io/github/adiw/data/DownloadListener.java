package io.github.adiw.data;

/** Is told what happens while a data set is looked for; called on the thread that looks. */
public interface DownloadListener {
    /** Says nothing to anybody. */
    DownloadListener SILENT = new DownloadListener() {
        @Override
        public void notice(String sentence) {
        }

        @Override
        public void progress(String file, long bytes, long total) {
        }
    };

    /**
     * Something that the user may want to know: a place was skipped because its files are broken, a download failed.
     *
     * @param sentence one line without a line end
     */
    void notice(String sentence);

    /**
     * A download proceeds; called for every 64 KiB or so, and when the file is complete.
     *
     * @param file the file's name
     * @param bytes how many bytes have come
     * @param total how many are expected
     */
    void progress(String file, long bytes, long total);
}
