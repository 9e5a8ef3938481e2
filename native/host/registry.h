// The table of what can run on the host: kernels (run block by block) and calls (run with the whole pool), each once for
// an instruction set. Filled by static initialisers, read by the JNI library.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace adiw {

struct Grid {
    unsigned x, y, z;
};

enum Isa { base, avx2, avx512, isa_count };

class Pool;

/// The most parameters of a kernel: the words of a launch stand in arrays of this length.
constexpr int most_words = 40;

/// Runs blocks first..end-1 of the grid; words are the kernel's arguments.
typedef void (*BlocksFunction)(const uint64_t* words, Grid grid, long first, long end);
/// Does a whole launch, spreading it over the pool as it sees fit; the grid is not used.
typedef void (*CallFunction)(const uint64_t* words, Pool& pool);

struct Entry {
    const char* name;
    const char* signature;      // one letter a parameter: P pointer, C pointer to what is only read, I int, L long, F float, D double
    BlocksFunction blocks;      // null for a call
    CallFunction call;          // null for a kernel
};

struct Registration {
    Registration(Isa isa, const char* name, const char* signature, BlocksFunction blocks);
    Registration(Isa isa, const char* name, const char* signature, CallFunction call);
};

template<class T> struct Code;
template<class T> struct Code<T*> { static constexpr char value = 'P'; };
template<class T> struct Code<const T*> { static constexpr char value = 'C'; };
template<> struct Code<int> { static constexpr char value = 'I'; };
template<> struct Code<long> { static constexpr char value = 'L'; };
template<> struct Code<float> { static constexpr char value = 'F'; };
template<> struct Code<double> { static constexpr char value = 'D'; };

template<size_t...> struct Indices {};
template<size_t N, size_t... I> struct MakeIndices : MakeIndices<N - 1, N - 1, I...> {};
template<size_t... I> struct MakeIndices<0, I...> { typedef Indices<I...> type; };

/// A parameter from its 64-bit word (little endian: the low bytes hold a shorter type).
template<class T> static inline __attribute__((always_inline)) T word_as(uint64_t word) {
    T value;
    memcpy(&value, &word, sizeof(T));
    return value;
}

/// The thread pool. One launch runs at a time; the calling thread takes part as worker 0.
class Pool {
public:
    virtual int threads() const = 0;
    /// Calls task(context, begin, end, worker) over disjoint ranges that cover 0..count-1, at most one range at a time a
    /// worker; returns when all are done. Ranges depend on count, grain and the number of threads alone.
    virtual void parallel(long count, long grain, void (*task)(void* context, long begin, long end, int worker), void* context) = 0;
    /// Scratch memory of a worker, 64-byte aligned, kept between calls; contents undefined. Null if the system has none left: who gets
    /// that returns, and the launch fails.
    virtual void* scratch(int worker, size_t bytes) = 0;
    /// As scratch of the calling thread, for every worker at once: where this is not null, none of them is refused as much.
    virtual void* reserve(size_t bytes) = 0;
    template<class F> void each(long count, long grain, F&& f) {
        parallel(
            count, grain, [](void* c, long b, long e, int w) { (*(F*) c)(b, e, w); }, &f);
    }

protected:
    ~Pool() {}
};

}
