// Normal numbers by inversion: the quantile of a probability of 31 bits, from a polynomial for each octave of it, so that the tails
// are as exact as the middle (Cheung, Lee, Luk and Villasenor 2007, doi 10.1109/TVLSI.2007.900748). The table and the twin are
// `records/normals.py`. Products and sums are rounded one by one (-ffp-contract=off), so every machine draws the same numbers.

#include "normal.h"

#include "lookup.h"
#include "normal_table.h"  // NORMAL_TABLE[degree + 1][32], of bits of floats; written when the engine is compiled

namespace bioworkbench {

namespace {

typedef float Reals __attribute__((vector_size(4 * WIDTH)));
typedef int32_t Wholes __attribute__((vector_size(4 * WIDTH)));
constexpr int N_COEFFICIENTS = sizeof(NORMAL_TABLE) / sizeof(NORMAL_TABLE[0]);

inline __attribute__((always_inline)) Reals normal(Words word) {
    // One bit is the sign, and 30 a probability that begins at the end of the tail; half a step more, so that it is never zero.
    const Words bits = (Words)(__builtin_convertvector((Wholes)(word & 0x3FFFFFFFu), Reals) + 0.5f);
    const Words octave = (bits >> 23) - 126;                                // of a half, one, two, four ...
    const Reals place = (Reals)((bits & 0x7FFFFFu) | 0x3F800000u) - 1.5f;  // in the octave: -.5 ... .5
    Reals value = (Reals)looked_up(NORMAL_TABLE[N_COEFFICIENTS - 1], octave);
    for (int k = N_COEFFICIENTS - 2; k >= 0; --k) value = value * place + (Reals)looked_up(NORMAL_TABLE[k], octave);
    return (Reals)((Words)value ^ (word & 0x80000000u));
}

template <class Real>
inline void fill(Lanes& stream, Real* out, int n) {
    Lanes lanes = stream;  // in registers while it is used
    for (int i = 0; i < n; i += N_LANES) {
        alignas(64) float numbers[N_LANES];
        for (int part = 0; part < N_PARTS; ++part) {
            const Reals drawn = normal(lanes(part));
            __builtin_memcpy(numbers + part * WIDTH, &drawn, sizeof drawn);
        }
        for (int lane = 0; lane < N_LANES; ++lane) out[i + lane] = numbers[lane];
    }
    stream = lanes;
}

}  // namespace

void fill_normals(Lanes& stream, float* out, int n) { fill(stream, out, n); }
void fill_normals(Lanes& stream, double* out, int n) { fill(stream, out, n); }

void fill_uniforms(Lanes& stream, double* out, int n) {
    Lanes lanes = stream;
    for (int i = 0; i < n; i += N_LANES) {
        alignas(64) uint32_t high[N_LANES], low[N_LANES];
        lanes(high), lanes(low);
        for (int lane = 0; lane < N_LANES; ++lane)  // 53 bits
            out[i + lane] = (int32_t(high[lane] >> 5) * 67108864.0 + int32_t(low[lane] >> 6)) * 0x1.0p-53;
    }
    stream = lanes;
}

}  // namespace bioworkbench
