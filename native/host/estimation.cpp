// Weight estimation by a cluster of blocks (kernels/estimation_cluster.cu) on the processor: as by one block. Nobody asks for it but tests:
// here, launches that spread over all threads are faster (Device.prefersFewLaunches).
#include "estimation.cuh"
#include "host/call_host.h"

namespace {
void km_estimation_cluster(adiw::Pool&, BATCH, float eta, float momentum, float ridge, float diagonal) {
    estimate_km(BATCH_GIVEN, eta, momentum, ridge, diagonal);
}
HOST_CALL(km_estimation_cluster, km_estimation_cluster);
}
