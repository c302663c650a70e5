// Look-ups in tables of 32 entries, for all lanes of a part at once.

#pragma once
#include <cstdint>
#include "lanes.h"
#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace bioworkbench {

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

}  // namespace bioworkbench
