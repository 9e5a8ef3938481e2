/** Needs the library, and asks which Jackson is there. */
module com.example.jackson {
    requires io.github.adiw;
    requires com.fasterxml.jackson.databind;
}
