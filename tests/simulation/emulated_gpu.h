// A GPU in a few lines, for programs that nvcc would compile: kernels run on the CPU, one thread after the other, the last block first.
// What is tested with it is what the programs compute, not that they run in parallel.
#pragma once
#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thrust/copy.h>
#include <thrust/device_ptr.h>
#include <thrust/device_vector.h>
#include <thrust/host_vector.h>
#include <thrust/reduce.h>
#include <thrust/sequence.h>
#include <thrust/sort.h>
#include <thrust/unique.h>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __CUDA_ARCH__ 900

struct dim3_ { int x; };
static dim3_ threadIdx, blockIdx, blockDim, gridDim;

struct Launch {
    long left, threads;
    Launch(long blocks, long threads) : left(blocks * threads), threads(threads) {
        gridDim.x = blocks;
        blockDim.x = threads;
    }
    bool next() {
        left--;
        blockIdx.x = left / threads;
        threadIdx.x = left % threads;
        return left >= 0;
    }
};

inline void __syncthreads() {}
inline void __threadfence() {}
template <typename T, typename U> T atomicAdd(T* to, U value) { T old = *to; *to += value; return old; }
template <typename T, typename U, typename V> T atomicCAS(T* to, U compare, V value) { T old = *to; if (old == T(compare)) *to = value; return old; }
template <typename To, typename From> To bits(From from) { To to; static_assert(sizeof to == sizeof from); std::memcpy(&to, &from, sizeof to); return to; }
inline long long __double_as_longlong(double x) { return bits<long long>(x); }
inline double __longlong_as_double(long long x) { return bits<double>(x); }
inline int __float_as_int(float x) { return bits<int>(x); }
inline float __int_as_float(int x) { return bits<float>(x); }

enum cudaError { cudaSuccess };
using cudaError_t = cudaError;
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum cudaLimit { cudaLimitMallocHeapSize };
struct cudaDeviceProp { int multiProcessorCount = 4, maxThreadsPerBlock = 1, maxThreadsPerMultiProcessor = 64, warpSize = 32; size_t sharedMemPerBlock = 1 << 16; };
struct cudaFuncAttributes { int maxThreadsPerBlock = 1024, numRegs = 1; size_t sharedSizeBytes = 0, localSizeBytes = 0, constSizeBytes = 0; };
inline cudaError cudaSetDevice(int) { return cudaSuccess; }
inline cudaError cudaGetDeviceProperties(cudaDeviceProp*, int) { return cudaSuccess; }
inline cudaError cudaDeviceSetLimit(cudaLimit, size_t) { return cudaSuccess; }
inline cudaError cudaDeviceSynchronize() { return cudaSuccess; }
inline cudaError cudaProfilerStop() { return cudaSuccess; }
inline cudaError cudaGetLastError() { return cudaSuccess; }
inline const char* cudaGetErrorString(cudaError) { return "none"; }
inline cudaError cudaMemGetInfo(size_t* available, size_t* total) { *available = *total = size_t(1) << 33; return cudaSuccess; }
template <typename T> cudaError cudaMalloc(T** place, size_t n) { *place = static_cast<T*>(std::malloc(n + 1)); std::memset((void*)*place, 0x5a, n); return cudaSuccess; }
inline cudaError cudaFree(void* place) { std::free(place); return cudaSuccess; }
inline cudaError cudaMemset(void* to, int value, size_t n) { std::memset(to, value, n); return cudaSuccess; }
inline cudaError cudaMemcpy(void* to, const void* from, size_t n, cudaMemcpyKind) { std::memmove(to, from, n); return cudaSuccess; }
template <typename T> cudaError cudaMemcpyToSymbol(T& symbol, const void* from, size_t n) { std::memcpy((void*)&symbol, from, n); return cudaSuccess; }
template <typename F> cudaError cudaFuncGetAttributes(cudaFuncAttributes*, F) { return cudaSuccess; }
template <typename F> cudaError cudaOccupancyMaxPotentialBlockSize(int* blocks, int* threads, F, size_t, int) { *blocks = *threads = 1; return cudaSuccess; }
template <typename F> cudaError cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, F, int, size_t) { *blocks = 1; return cudaSuccess; }

#define CURAND_H_
enum curandStatus_t {
    CURAND_STATUS_SUCCESS, CURAND_STATUS_VERSION_MISMATCH, CURAND_STATUS_NOT_INITIALIZED, CURAND_STATUS_ALLOCATION_FAILED,
    CURAND_STATUS_TYPE_ERROR, CURAND_STATUS_OUT_OF_RANGE, CURAND_STATUS_LENGTH_NOT_MULTIPLE, CURAND_STATUS_DOUBLE_PRECISION_REQUIRED,
    CURAND_STATUS_LAUNCH_FAILURE, CURAND_STATUS_PREEXISTING_FAILURE, CURAND_STATUS_INITIALIZATION_FAILED, CURAND_STATUS_ARCH_MISMATCH,
    CURAND_STATUS_INTERNAL_ERROR
};
enum curandRngType { CURAND_RNG_PSEUDO_DEFAULT };
using curandGenerator_t = std::mt19937_64*;
struct curandState { std::mt19937_64 bits; };
inline void curand_init(unsigned long long seed, unsigned long long sequence, unsigned long long, curandState* state) { state->bits.seed(seed + 7919 * sequence); }
inline unsigned int curand_poisson(curandState* state, double mean) { return std::poisson_distribution<unsigned int>(mean)(state->bits); }
template <typename Law, typename T> curandStatus_t fill(curandGenerator_t generator, T* to, size_t n, Law law) {
    for (size_t k = 0; k < n; k++) to[k] = law(*generator);
    return CURAND_STATUS_SUCCESS;
}
inline curandStatus_t curandCreateGenerator(curandGenerator_t* generator, curandRngType) { *generator = new std::mt19937_64; return CURAND_STATUS_SUCCESS; }
inline curandStatus_t curandDestroyGenerator(curandGenerator_t generator) { delete generator; return CURAND_STATUS_SUCCESS; }
inline curandStatus_t curandSetPseudoRandomGeneratorSeed(curandGenerator_t generator, unsigned long long seed) { generator->seed(seed); return CURAND_STATUS_SUCCESS; }
inline curandStatus_t curandSetGeneratorOffset(curandGenerator_t, unsigned long long) { return CURAND_STATUS_SUCCESS; }
inline curandStatus_t curandGenerateUniform(curandGenerator_t g, float* to, size_t n) { return fill(g, to, n, std::uniform_real_distribution<float>()); }
inline curandStatus_t curandGenerateUniformDouble(curandGenerator_t g, double* to, size_t n) { return fill(g, to, n, std::uniform_real_distribution<double>()); }
inline curandStatus_t curandGenerateNormal(curandGenerator_t g, float* to, size_t n, float mean, float deviation) { return fill(g, to, n, std::normal_distribution<float>(mean, deviation)); }
inline curandStatus_t curandGenerateNormalDouble(curandGenerator_t g, double* to, size_t n, double mean, double deviation) { return fill(g, to, n, std::normal_distribution<double>(mean, deviation)); }
inline curandStatus_t curandGeneratePoisson(curandGenerator_t g, unsigned int* to, size_t n, double mean) { return fill(g, to, n, std::poisson_distribution<unsigned int>(mean)); }
