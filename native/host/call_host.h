// Registers a host call: a C++ function of the same parameters as the KERNEL_FIXED kernel whose name it bears, preceded
// by the pool.
#pragma once
#include "host/registry.h"

namespace {
template<class F, F f> struct CallThunk;
template<class... A, void (*f)(adiw::Pool&, A...)> struct CallThunk<void (*)(adiw::Pool&, A...), f> {
    static_assert(sizeof...(A) <= adiw::most_words, "a kernel has at most 40 parameters");
    static constexpr char signature[] = {adiw::Code<A>::value..., 0};
    template<size_t... I> static void call(const uint64_t* words, adiw::Pool& pool, adiw::Indices<I...>) {
        f(pool, adiw::word_as<A>(words[I])...);
    }
    static void run(const uint64_t* words, adiw::Pool& pool) { call(words, pool, typename adiw::MakeIndices<sizeof...(A)>::type()); }
};
}

#define HOST_CALL(name, function) \
    static const adiw::Registration call_##name(adiw::ADIW_ISA, #name, CallThunk<decltype(&function), &function>::signature, \
                                                &CallThunk<decltype(&function), &function>::run)
