// Sixteen random generators side by side: xoshiro128++ of Blackman and Vigna (2021), doi 10.1145/3460772.
//
// A stream is named by a key, which stands for seed, use and trial, and a number, which is a block of neurons or a source. Streams
// never meet, so it does not matter in which order, or by which thread, they are drawn. The twin is `records/lanes.py`.

#pragma once
#include <cstddef>
#include <cstdint>

namespace bioworkbench {

constexpr int N_LANES = 16;

// Lanes that one register holds. The compiler takes longer vectors apart, but their comparisons one number at a time.
#if defined(__AVX512F__)
constexpr int WIDTH = 16;
#elif defined(__AVX2__)
constexpr int WIDTH = 8;
#else
constexpr int WIDTH = 4;
#endif
constexpr int N_PARTS = N_LANES / WIDTH;
typedef uint32_t Words __attribute__((vector_size(4 * WIDTH)));  // of one part of the lanes; the numbers are the same everywhere

// One step of splitmix64 (Steele, Lea and Flood 2014): neighboring numbers give unrelated ones.
inline uint64_t splitmix64(uint64_t number) {
    number += 0x9E3779B97F4A7C15u;
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9u;
    number = (number ^ (number >> 27)) * 0x94D049BB133111EBu;
    return number ^ (number >> 31);
}

class Lanes {
    Words s0[N_PARTS], s1[N_PARTS], s2[N_PARTS], s3[N_PARTS];

    template <int k> static Words rotated(Words x) { return (x << k) | (x >> (32 - k)); }

public:
    Lanes() = default;

    Lanes(uint64_t key, uint64_t number) {
        const uint64_t start = splitmix64(key ^ splitmix64(number));
        for (int lane = 0; lane < N_LANES; ++lane) {
            // consecutive members of one splitmix64 sequence, two for each lane
            const uint64_t low = splitmix64(start + 2 * lane * 0x9E3779B97F4A7C15u);
            const uint64_t high = splitmix64(start + (2 * lane + 1) * 0x9E3779B97F4A7C15u);
            const int part = lane / WIDTH, place = lane % WIDTH;
            s0[part][place] = uint32_t(low), s1[part][place] = uint32_t(low >> 32);
            s2[part][place] = uint32_t(high), s3[part][place] = uint32_t(high >> 32);
        }
    }

    // State, from which others go on: the same on every machine
    static constexpr int N_WORDS = 2 * N_LANES;
    explicit Lanes(const uint64_t* words) { __builtin_memcpy(this, words, 8 * N_WORDS); }
    void save(uint64_t* words) const { __builtin_memcpy(words, this, 8 * N_WORDS); }

    // The next number of 32 bits of each lane of a part
    inline __attribute__((always_inline)) Words operator()(int part) {
        Words &a = s0[part], &b = s1[part], &c = s2[part], &d = s3[part];
        const Words result = rotated<7>(a + d) + a, t = b << 9;
        c ^= a, d ^= b, b ^= c, a ^= d, c ^= t, d = rotated<11>(d);
        return result;
    }

    // The next number of each lane
    inline __attribute__((always_inline)) void operator()(uint32_t* words) {
        for (int part = 0; part < N_PARTS; ++part) {
            const Words drawn = (*this)(part);
            __builtin_memcpy(words + part * WIDTH, &drawn, sizeof drawn);
        }
    }
};

// Fill `words` with the first numbers of a stream, lane by lane; there must be room up to the next multiple of sixteen.
inline void fill(Lanes&& lanes, uint32_t* words, size_t n) {
    for (size_t k = 0; k < n; k += N_LANES) lanes(words + k);
}

}  // namespace bioworkbench
