// Poisson numbers for many neurons at once, by an alias table of 32 entries (Walker 1977, doi 10.1145/355744.355749).
//
// A word of 32 bits gives one number: its upper five bits choose a slot, the others decide between the slot's own number and its
// alias. Means for which 32 numbers do not suffice are sums of several draws. The tables come from `simulation/poisson.py`, which
// also holds the twin; so no logarithm or exponential is taken here, and every machine draws the same numbers.

#pragma once
#include <cstddef>
#include <cstdint>
#include "lanes.h"
#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace bioworkbench {

constexpr int STREAM_BLOCK = 256;  // neurons that share a stream

struct PoissonTable {
    alignas(64) uint32_t below[32];  // a rest of 27 bits below this keeps the slot's own number
    alignas(64) uint32_t alias[32];
    uint32_t n_draws;
};

// table[index] for sixteen indices of five bits
inline __attribute__((always_inline)) Words looked_up(const uint32_t* table, Words index) {
#if defined(__AVX512F__)
    const __m512i low = _mm512_load_si512(table), high = _mm512_load_si512(table + 16);
    return (Words)_mm512_permutex2var_epi32(low, (__m512i)index, high);
#elif defined(__AVX2__)
    Words result;
    for (int half = 0; half < 2; ++half) {
        __m256i at, part[4];
        __builtin_memcpy(&at, (const char*)&index + 32 * half, 32);
        for (int k = 0; k < 4; ++k)  // looks at the lower three bits of an index
            part[k] = _mm256_permutevar8x32_epi32(_mm256_load_si256((const __m256i*)(table + 8 * k)), at);
        // bits three and four, shifted to where the blend looks for them, pick among the parts
        const __m256 third = _mm256_castsi256_ps(_mm256_slli_epi32(at, 28)), fourth = _mm256_castsi256_ps(_mm256_slli_epi32(at, 27));
        const __m256 low = _mm256_blendv_ps(_mm256_castsi256_ps(part[0]), _mm256_castsi256_ps(part[1]), third);
        const __m256 high = _mm256_blendv_ps(_mm256_castsi256_ps(part[2]), _mm256_castsi256_ps(part[3]), third);
        const __m256 both = _mm256_blendv_ps(low, high, fourth);
        __builtin_memcpy((char*)&result + 32 * half, &both, 32);
    }
    return result;
#else
    Words result;
    for (int lane = 0; lane < N_LANES; ++lane) result[lane] = table[index[lane]];
    return result;
#endif
}

inline __attribute__((always_inline)) Words poisson(Lanes& lanes, const PoissonTable& table) {
    Words total = {};
    for (uint32_t draw = 0; draw < table.n_draws; ++draw) {
        const Words word = lanes(), slot = word >> 27;
        const Words keeps = (Words)((word & 0x7FFFFFFu) < looked_up(table.below, slot));  // all bits where true
        total += (keeps & slot) | (~keeps & looked_up(table.alias, slot));
    }
    return total;
}

// Sixteen floating-point numbers
template <class Real>
struct Reals {
    typedef Real Vector __attribute__((vector_size(N_LANES * sizeof(Real))));
};

// Add weight times a Poisson number to each of `n` neurons of a block, at most STREAM_BLOCK.
template <class Real>
inline void add_background(Lanes& stream, const PoissonTable& table, Real weight, Real* receiver, int n) {
    using Vector = typename Reals<Real>::Vector;
    typedef int32_t Integers __attribute__((vector_size(64)));
    Lanes lanes = stream;  // in registers while it is used
    for (int i = 0; i < n; i += N_LANES) {
        const Vector amount = weight * __builtin_convertvector((Integers)poisson(lanes, table), Vector);
        if (i + N_LANES <= n) {
            Vector all;
            __builtin_memcpy(&all, receiver + i, sizeof all);
            all += amount;
            __builtin_memcpy(receiver + i, &all, sizeof all);
        } else {  // the last lanes of an uneven block draw too, and are not used
            for (int lane = 0; i + lane < n; ++lane) receiver[i + lane] += amount[lane];
        }
    }
    stream = lanes;
}

}  // namespace bioworkbench
