// Random numbers for noise, with the interface that Brian2's generated code calls. Bits from xoshiro256++ (Blackman & Vigna 2021,
// doi 10.1145/3460772) seeded by splitmix64; normal numbers by the ziggurat of Marsaglia & Tsang (2000, doi 10.18637/jss.v005.i08)
// with 256 layers, where layer and position take different bits of one draw (Doornik 2005).
class RandomGenerator {
    struct Words {
        uint64_t at[4];
        uint64_t& operator[](int k) { return at[k]; }
        friend std::ostream& operator<<(std::ostream& out, const Words& words) {
            for (uint64_t word : words.at) out << word << ' ';
            return out;
        }
        friend std::istream& operator>>(std::istream& in, Words& words) {
            for (uint64_t& word : words.at) in >> word;
            return in;
        }
    };
    Words gen;  // under this name Brian2 stores it
    double edge[257], height[257];  // layer k spans 0 ... edge[k]; the density at edge[k] is height[k]
    static constexpr double tail = 3.6541528853610088, area = 0.00492867323399;

    static double density(double x) { return std::exp(-0.5 * x * x); }

    void build_layers() {
        edge[256] = area / density(tail);
        edge[255] = tail;
        for (int k = 254; k > 0; k--) edge[k] = std::sqrt(-2.0 * std::log(area / edge[k + 1] + density(edge[k + 1])));
        edge[0] = 0.0;
        for (int k = 0; k <= 256; k++) height[k] = density(edge[k]);
    }

    static uint64_t rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

    uint64_t bits() {
        const uint64_t result = rotate(gen[0] + gen[3], 23) + gen[0], t = gen[1] << 17;
        gen[2] ^= gen[0];
        gen[3] ^= gen[1];
        gen[1] ^= gen[2];
        gen[0] ^= gen[3];
        gen[2] ^= t;
        gen[3] = rotate(gen[3], 45);
        return result;
    }

    double beyond_tail() {
        double x, y;
        do {
            x = -std::log(1.0 - rand()) / tail;
            y = -std::log(1.0 - rand());
        } while (y + y < x * x);
        return tail + x;
    }

public:
    friend std::ostream& operator<<(std::ostream& out, const RandomGenerator& generator);
    friend std::istream& operator>>(std::istream& in, RandomGenerator& generator);

    RandomGenerator() {
        build_layers();
        seed();
    }

    void seed() { seed(std::random_device()()); }

    void seed(unsigned long number) {
        uint64_t z = number;
        for (uint64_t& word : gen.at) {
            uint64_t x = (z += 0x9e3779b97f4a7c15);
            x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
            x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
            word = x ^ (x >> 31);
        }
    }

    double rand() { return (bits() >> 11) * 0x1.0p-53; }

    double randn() {
        while (true) {
            const uint64_t draw = bits();
            const int layer = (draw & 255) + 1;
            const double x = (static_cast<int64_t>(draw) >> 11) * 0x1.0p-52 * edge[layer];  // symmetric in -edge ... edge
            const double size = std::fabs(x);
            if (size < edge[layer - 1]) return x;
            if (layer == 256) return x < 0 ? -beyond_tail() : beyond_tail();
            if (height[layer] + rand() * (height[layer - 1] - height[layer]) < density(x)) return x;
        }
    }
};
