// Functions that statements call by Brian2's names, written so that a compiler turns loops of them into vectors.
#pragma once
#include <cmath>

#include "random.h"

// The C library has vector versions of these, which GCC uses where it is told so; programs without -ffast-math go without
#if defined(__NO_MATH_ERRNO__) && defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
extern "C" {
#define BIOWORKBENCH_VECTOR __attribute__((simd("notinbranch")))
BIOWORKBENCH_VECTOR double exp(double) noexcept; BIOWORKBENCH_VECTOR float expf(float) noexcept;
BIOWORKBENCH_VECTOR double log(double) noexcept; BIOWORKBENCH_VECTOR float logf(float) noexcept;
BIOWORKBENCH_VECTOR double sin(double) noexcept; BIOWORKBENCH_VECTOR float sinf(float) noexcept;
BIOWORKBENCH_VECTOR double cos(double) noexcept; BIOWORKBENCH_VECTOR float cosf(float) noexcept;
#if __GLIBC_PREREQ(2, 35)
BIOWORKBENCH_VECTOR double tanh(double) noexcept; BIOWORKBENCH_VECTOR float tanhf(float) noexcept;
BIOWORKBENCH_VECTOR double expm1(double) noexcept; BIOWORKBENCH_VECTOR float expm1f(float) noexcept;
#endif
}
#endif

inline double _rand(int) { return bioworkbench::current_stream->rand(); }
inline double _randn(int) { return bioworkbench::current_stream->randn(); }
// Whole, but floating point: vectors can be made of it
static inline double _timestep(double t, double dt) { return std::trunc((t + 1e-3 * dt) / dt); }
template <typename T>
static inline T _clip(const T value, const double low, const double high) {
    return value < low ? T(low) : value > high ? T(high) : value;
}
// Of a small x the quotient is 0/0; both sides of a choice without branches are computed, so that vectors can be made of it
static inline double _exprel(double x) {
    const double ratio = expm1(x) / x;
    return std::fabs(x) < 1e-16 ? 1.0 : x > 717 ? INFINITY : ratio;
}
template <typename T>
inline int int_(T value) {
    return static_cast<int>(value);
}
template <>
inline int int_(bool value) {
    return value ? 1 : 0;
}
