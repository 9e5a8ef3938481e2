package io.github.adiw.data;

import java.util.ArrayList;
import java.util.List;

/** Keeps what it is told. */
final class RecordingListener implements DownloadListener {
    final List<String> notices = new ArrayList<>();
    /** {@code file bytes/total}. */
    final List<String> progress = new ArrayList<>();

    @Override
    public void notice(String sentence) {
        notices.add(sentence);
    }

    @Override
    public void progress(String file, long bytes, long total) {
        progress.add(file + " " + bytes + "/" + total);
    }
}
