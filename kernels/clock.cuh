// The stamps that say when the parts of a step began.
#pragma once
#include "prelude.cuh"

/// One thread of the launch calls it: the device's clock to the stamp of this step, in a ring of `ring` steps of `slots` stamps each; stamp
/// is that of the first of them, or null.
DEVICE void stamp_time(long* stamp, long step, int slots, int ring) {
    if (stamp) stamp[step % ring * slots] = clock_nanoseconds();
}
