/** A divergence of its own, and a program that uses it by its name. */
module com.example.plugin {
    requires io.github.adiw;

    provides io.github.adiw.weight.Divergence with com.example.plugin.MeanMatching;
}
