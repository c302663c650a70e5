// Sixteen random generators side by side: xoshiro128++ of Blackman and Vigna (2021), doi 10.1145/3460772.
//
// A stream is named by a key, which stands for seed, use and trial, and a number, which is a block of neurons or a source. Streams
// never meet, so it does not matter in which order, or by which thread, they are drawn. The twin is `records/lanes.py`.

#pragma once
#include <cstdint>

namespace bioworkbench {

constexpr int N_LANES = 16;

// A vector of the compiler: AVX-512 has it in one register, AVX2 in two, others in more; the numbers are the same everywhere.
typedef uint32_t Words __attribute__((vector_size(64)));

// One step of splitmix64 (Steele, Lea and Flood 2014): neighboring numbers give unrelated ones.
inline uint64_t splitmix64(uint64_t number) {
    number += 0x9E3779B97F4A7C15u;
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9u;
    number = (number ^ (number >> 27)) * 0x94D049BB133111EBu;
    return number ^ (number >> 31);
}

class Lanes {
    Words s0, s1, s2, s3;

    template <int k> static Words rotated(Words x) { return (x << k) | (x >> (32 - k)); }

public:
    Lanes() = default;

    Lanes(uint64_t key, uint64_t number) {
        const uint64_t start = splitmix64(key ^ splitmix64(number));
        for (int lane = 0; lane < N_LANES; ++lane) {
            // consecutive members of one splitmix64 sequence, two for each lane
            const uint64_t low = splitmix64(start + 2 * lane * 0x9E3779B97F4A7C15u);
            const uint64_t high = splitmix64(start + (2 * lane + 1) * 0x9E3779B97F4A7C15u);
            s0[lane] = uint32_t(low), s1[lane] = uint32_t(low >> 32);
            s2[lane] = uint32_t(high), s3[lane] = uint32_t(high >> 32);
        }
    }

    // Sixteen numbers of 32 bits
    inline __attribute__((always_inline)) Words operator()() {
        const Words result = rotated<7>(s0 + s3) + s0, t = s1 << 9;
        s2 ^= s0, s3 ^= s1, s1 ^= s2, s0 ^= s3, s2 ^= t, s3 = rotated<11>(s3);
        return result;
    }
};

// Fill `words` with the first numbers of a stream, lane by lane; there must be room up to the next multiple of sixteen.
inline void fill(Lanes&& lanes, uint32_t* words, size_t n) {
    for (size_t k = 0; k < n; k += N_LANES) {
        const Words drawn = lanes();
        __builtin_memcpy(words + k, &drawn, sizeof drawn);
    }
}

}  // namespace bioworkbench
