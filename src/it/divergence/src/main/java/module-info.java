/** Brings a divergence to the library. */
module com.example.divergence {
    requires io.github.adiw;

    provides io.github.adiw.weight.Divergence with com.example.plugin.MeanMatching;
}
