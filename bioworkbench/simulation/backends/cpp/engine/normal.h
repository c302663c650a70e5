// Random numbers for a block of neurons, drawn before they are used, so that the loop that uses them is one of vectors.

#pragma once
#include "lanes.h"

namespace bioworkbench {

// Fill `out` with numbers of mean 0 and variance 1, or between 0 and 1. There must be room up to the next multiple of sixteen.
void fill_normals(Lanes& stream, float* out, int n);
void fill_normals(Lanes& stream, double* out, int n);
void fill_uniforms(Lanes& stream, double* out, int n);

}  // namespace bioworkbench
