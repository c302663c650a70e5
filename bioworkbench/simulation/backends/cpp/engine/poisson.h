// Poisson numbers for many neurons at once, by an alias table of 32 entries (Walker 1977, doi 10.1145/355744.355749).
//
// A word of 32 bits gives one number: its upper five bits choose a slot, the others decide between the slot's own number and its
// alias. Means for which 32 numbers do not suffice are sums of several draws. The tables come from `simulation/poisson.py`, which
// also holds the twin; so no logarithm or exponential is taken here, and every machine draws the same numbers.

#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include "lookup.h"

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
