// Poisson numbers for many neurons at once, by an alias table of 32 entries (Walker 1977, doi 10.1145/355744.355749).
//
// A word of 32 bits gives one number: its upper five bits choose a slot, the others decide between the slot's own number and its
// alias. Means for which 32 numbers do not suffice are sums of several draws. The tables come from `simulation/poisson.py`, which
// also holds the twin; so no logarithm or exponential is taken here, and every machine draws the same numbers.

#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include "lanes.h"
#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace bioworkbench {

constexpr int STREAM_BLOCK = 256;  // neurons that share a stream

// Each entry holds both, so that one look-up finds them: the upper 27 bits say below which rest a slot keeps its own number, the lower
// five are its alias.
struct PoissonTable {
    alignas(64) uint32_t entries[32];
    uint32_t n_draws;

    PoissonTable(const uint32_t* below, const uint32_t* alias, uint32_t draws) : n_draws(draws) {
        // A slot that always keeps its number is its own alias, so that the one rest which 27 bits cannot tell does no harm.
        for (int k = 0; k < 32; ++k) entries[k] = std::min(below[k], 0x7FFFFFFu) << 5 | alias[k];
    }
};

// table[index] for indices of five bits
inline __attribute__((always_inline)) Words looked_up(const uint32_t* table, Words index) {
#if defined(__AVX512F__)
    const __m512i low = _mm512_load_si512(table), high = _mm512_load_si512(table + 16);
    return (Words)_mm512_permutex2var_epi32(low, (__m512i)index, high);
#elif defined(__AVX2__)
    const __m256i at = (__m256i)index;
    __m256i part[4];
    for (int k = 0; k < 4; ++k)  // looks at the lower three bits of an index
        part[k] = _mm256_permutevar8x32_epi32(_mm256_load_si256((const __m256i*)(table + 8 * k)), at);
    // bits three and four, shifted to where the blend looks for them, pick among the parts
    const __m256 third = _mm256_castsi256_ps(_mm256_slli_epi32(at, 28)), fourth = _mm256_castsi256_ps(_mm256_slli_epi32(at, 27));
    const __m256 low = _mm256_blendv_ps(_mm256_castsi256_ps(part[0]), _mm256_castsi256_ps(part[1]), third);
    const __m256 high = _mm256_blendv_ps(_mm256_castsi256_ps(part[2]), _mm256_castsi256_ps(part[3]), third);
    return (Words)_mm256_blendv_ps(low, high, fourth);
#else
    Words result;
    for (int lane = 0; lane < WIDTH; ++lane) result[lane] = table[index[lane]];
    return result;
#endif
}

inline __attribute__((always_inline)) Words poisson(Lanes& lanes, const PoissonTable& table, int part) {
    Words total = {};
    for (uint32_t draw = 0; draw < table.n_draws; ++draw) {
        const Words word = lanes(part), slot = word >> 27, entry = looked_up(table.entries, slot);
        const Words keeps = (Words)((word & 0x7FFFFFFu) < (entry >> 5));  // all bits where true
        total += (keeps & slot) | (~keeps & entry & 31);
    }
    return total;
}

// Add weight times a Poisson number to each of `n` neurons of a block, at most STREAM_BLOCK. The last lanes of an uneven block draw
// too, and are not used.
template <class Real>
inline void add_background(Lanes& stream, const PoissonTable& table, Real weight, Real* receiver, int n) {
    alignas(64) Real amounts[STREAM_BLOCK];
    Lanes lanes = stream;  // in registers while it is used
    for (int i = 0; i < n; i += N_LANES) {
        alignas(64) uint32_t numbers[N_LANES];
        for (int part = 0; part < N_PARTS; ++part) {
            const Words drawn = poisson(lanes, table, part);
            __builtin_memcpy(numbers + part * WIDTH, &drawn, sizeof drawn);
        }
        for (int lane = 0; lane < N_LANES; ++lane) amounts[i + lane] = weight * Real(int32_t(numbers[lane]));
    }
    stream = lanes;
    // In a loop of its own, so that no machine rounds product and sum as one
    for (int i = 0; i < n; ++i) receiver[i] += amounts[i];
}

}  // namespace bioworkbench
