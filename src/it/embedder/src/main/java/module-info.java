/** Needs the library alone. */
module com.example.embedder {
    requires io.github.adiw;
}
