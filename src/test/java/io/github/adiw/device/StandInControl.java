package io.github.adiw.device;

/** The stand-in driver's thread order, for tests of other packages. */
public final class StandInControl {
    private StandInControl() { }

    /** The orders that results must not depend on; three seeds of the shuffled one. */
    public static final String[] ORDERS = {"forwards", "backwards", "shuffled 1", "shuffled 2", "shuffled 3"};

    /** @param order one of {@link #ORDERS}, for launches from now on */
    public static void order(String order) {
        String[] part = order.split(" ");
        StandInDriver.order(StandInDriver.Order.valueOf(part[0].toUpperCase(java.util.Locale.ROOT)), part.length > 1 ? Long.parseLong(part[1]) : 0);
    }

    /** @param threads of every block that its kernel does not fix, for devices opened from now on; 0 for what is usual */
    public static void block(int threads) {
        if (threads == 0) {
            System.clearProperty(CudaDevice.BLOCK_PROPERTY);
        } else {
            System.setProperty(CudaDevice.BLOCK_PROPERTY, Integer.toString(threads));
        }
    }
}
