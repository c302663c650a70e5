// Random numbers. Bits from xoshiro256++ (Blackman & Vigna 2021, doi 10.1145/3460772) seeded by splitmix64 from a seed of 64 bits, a
// name, a trial and a block; normal numbers by the ziggurat of Marsaglia & Tsang (2000, doi 10.18637/jss.v005.i08) with 256 layers, where layer
// and position take different bits of one draw (Doornik 2005). A stream is 32 bytes: the layers are the same for all.
#ifndef BIOWORKBENCH_RANDOM_H
#define BIOWORKBENCH_RANDOM_H

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace bioworkbench {

struct Layers {
    static constexpr double tail = 3.6541528853610088, area = 0.00492867323399;
    double edge[257], height[257];  // layer k spans 0 ... edge[k]; the density at edge[k] is height[k]

    static double density(double x) { return std::exp(-0.5 * x * x); }
    Layers() {
        edge[256] = area / density(tail);
        edge[255] = tail;
        for (int k = 254; k > 0; k--) edge[k] = std::sqrt(-2.0 * std::log(area / edge[k + 1] + density(edge[k + 1])));
        edge[0] = 0.0;
        for (int k = 0; k <= 256; k++) height[k] = density(edge[k]);
    }
};
extern const Layers layers;

inline uint64_t mixed(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

class Random {
    uint64_t at_[4];

    static uint64_t rotated(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

    double beyond_tail() {
        double x, y;
        do {
            x = -std::log(1.0 - rand()) / Layers::tail;
            y = -std::log(1.0 - rand());
        } while (y + y < x * x);
        return Layers::tail + x;
    }

public:
    Random(uint64_t seed, uint64_t name, uint64_t trial, uint64_t block) {
        uint64_t z = mixed(mixed(mixed(mixed(seed + 0x9e3779b97f4a7c15) + name) + trial) + block);
        for (uint64_t& word : at_) word = mixed(z += 0x9e3779b97f4a7c15);
    }

    explicit Random(const uint64_t* words) : at_{words[0], words[1], words[2], words[3]} {}
    static constexpr int N_WORDS = 4;
    void save(uint64_t* words) const { std::copy(at_, at_ + N_WORDS, words); }  // from which another goes on

    uint64_t bits() {
        const uint64_t result = rotated(at_[0] + at_[3], 23) + at_[0], t = at_[1] << 17;
        at_[2] ^= at_[0];
        at_[3] ^= at_[1];
        at_[1] ^= at_[2];
        at_[0] ^= at_[3];
        at_[2] ^= t;
        at_[3] = rotated(at_[3], 45);
        return result;
    }

    double rand() { return (bits() >> 11) * 0x1.0p-53; }

    double randn() {
        while (true) {
            const uint64_t draw = bits();
            const int layer = (draw & 255) + 1;
            const double x = (static_cast<int64_t>(draw) >> 11) * 0x1.0p-52 * layers.edge[layer];  // symmetric in -edge ... edge
            const double size = std::fabs(x);
            if (size < layers.edge[layer - 1]) return x;
            if (layer == 256) return x < 0 ? -beyond_tail() : beyond_tail();
            if (layers.height[layer] + rand() * (layers.height[layer - 1] - layers.height[layer]) < Layers::density(x)) return x;
        }
    }
};

}  // namespace bioworkbench

#endif
