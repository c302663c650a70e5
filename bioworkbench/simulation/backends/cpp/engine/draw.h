// Synapses drawn in the program: targets, delays and weights of one source neuron after another.
//
// How many synapses each source has is known beforehand (drawn in NumPy, one small array a projection). The synapses of source k
// have three streams, numbered 3 k, 3 k + 1 and 3 k + 2, for targets, delays and weights; so sources may be drawn in any order, by
// any thread, and again. Numbers are integers throughout: distributions come as tables of quantiles in fixed point, which
// `records/quantiles.py` makes, and the twin in `records/drawn.py` draws the same integers.

#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>
#include "lanes.h"

namespace bioworkbench {

// Quantiles of a distribution in fixed point, dense where the tails are. A word of 32 bits is a probability; counted from the nearer
// end, its leading bit gives an octave, the next six bits a segment of it, and the rest is interpolated between both ends.
struct Quantiles {
    struct Segment { int32_t start, rise; };
    std::vector<Segment> segments;  // 2 * OCTAVES * 64; empty for a constant
    int32_t constant = 0;
    static constexpr int OCTAVES = 26, FRACTION = 24;

    int32_t operator()(uint32_t word) const {
        const bool upper = word >> 31;
        const uint32_t v = (upper ? ~word : word) & 0x7FFFFFFFu;
        const uint32_t octave = v < 64 ? 0 : 26 - __builtin_clz(v);
        const uint32_t shift = octave ? octave - 1 : 0, scaled = v >> shift;  // 64 ... 127, or v itself in octave 0
        const uint32_t rest = (v & ((1u << shift) - 1)) << (FRACTION - shift);
        const Segment& segment = segments[(upper * OCTAVES + octave) * 64 + (scaled & 63)];
        return segment.start + int32_t((int64_t(segment.rise) * rest) >> FRACTION);
    }
};

enum class Rule : int32_t { repeated, distinct, one_to_one, given };

// How the weights of synapses are kept: one for all, 16 bits times a scale, or a number each
enum class Form : int32_t { shared, coded, numbers };

// One projection. What is `given` comes as arrays, synapse by synapse in order of sources; everything else is drawn.
struct Projection {
    Rule rule = Rule::repeated;
    uint64_t key = 0;
    int32_t n_source = 0, n_target = 0;
    int32_t base = 0;        // of the first target, in the space of receivers
    bool recurrent = false;  // no neuron reaches itself
    const int32_t* counts = nullptr;   // of synapses, by source
    const int64_t* first = nullptr;    // given: where those of each source begin
    const int32_t* targets = nullptr;  // given
    const uint16_t* delays = nullptr;  // given, if not null
    const float* weights = nullptr;    // given, if not null
    Quantiles delay, weight;           // 16 bits after the point: of a step; of the scale of codes, or of `unit`
    double unit = 1;                   // weight as a number = unit * fixed-point number
};

// Synapses of one source from all its projections, in the order they are drawn
struct Row {
    std::vector<int32_t> target;
    std::vector<uint16_t> delay;
    std::vector<uint32_t> weight;  // a code of 16 bits, or the bits of a float
    std::vector<uint32_t> words;   // scratch
    std::vector<uint64_t> taken;   // scratch: a bit per target

    void clear() { target.clear(), delay.clear(), weight.clear(); }
};

// Mark `n` different bits among `width`, all choices equally likely up to 2^-32.
inline void mark_distinct(Row& row, Lanes&& lanes, uint32_t width, uint32_t n) {
    row.taken.assign(width / 64 + 1, 0);
    const bool leave_out = n > width / 2;  // then it is faster to draw those that are left out
    for (uint32_t missing = leave_out ? width - n : n; missing;) {
        uint32_t drawn[N_LANES];
        lanes(drawn);
        for (int lane = 0; lane < N_LANES && missing; ++lane) {
            const uint32_t at = uint64_t(drawn[lane]) * width >> 32;
            uint64_t& bits = row.taken[at / 64];
            missing -= !(bits >> (at % 64) & 1);
            bits |= uint64_t(1) << (at % 64);
        }
    }
    if (!leave_out) return;
    for (uint64_t& bits : row.taken) bits = ~bits;
    row.taken.back() &= (uint64_t(1) << (width % 64)) - 1;
}

inline void append_targets(const Projection& p, int32_t source, size_t n, Row& row) {
    const int32_t width = p.n_target - p.recurrent, skipped = p.recurrent ? source : p.n_target;
    const size_t begin = row.target.size();
    row.target.resize(begin + n);
    int32_t* out = row.target.data() + begin;
    if (p.rule == Rule::one_to_one) {
        if (n) *out = p.base + source;
    } else if (p.rule == Rule::given) {
        for (size_t k = 0; k < n; ++k) out[k] = p.base + p.targets[p.first[source] + k];
    } else if (p.rule == Rule::repeated) {
        row.words.resize(n + N_LANES);
        fill(Lanes(p.key, 3 * uint64_t(source)), row.words.data(), n);
        for (size_t k = 0; k < n; ++k) {
            const int32_t at = uint64_t(row.words[k]) * width >> 32;
            out[k] = p.base + at + (at >= skipped);
        }
    } else {
        mark_distinct(row, Lanes(p.key, 3 * uint64_t(source)), width, uint32_t(n));
        for (size_t word = 0; word < row.taken.size(); ++word)
            for (uint64_t bits = row.taken[word]; bits; bits &= bits - 1) {
                const int32_t at = 64 * word + __builtin_ctzll(bits);
                *out++ = p.base + at + (at >= skipped);
            }
    }
}

// `n` numbers of a distribution from a stream, handed one by one to `put`
template <class Put>
inline void each_quantile(const Quantiles& quantiles, uint64_t key, uint64_t number, size_t n, Row& row, Put put) {
    if (quantiles.segments.empty()) {
        for (size_t k = 0; k < n; ++k) put(k, quantiles.constant);
        return;
    }
    row.words.resize(n + N_LANES);
    fill(Lanes(key, number), row.words.data(), n);
    for (size_t k = 0; k < n; ++k) put(k, quantiles(row.words[k]));
}

inline void append_delays(const Projection& p, int32_t source, size_t n, Row& row) {
    const size_t begin = row.delay.size();
    row.delay.resize(begin + n);
    uint16_t* out = row.delay.data() + begin;
    if (p.delays)
        std::copy_n(p.delays + p.first[source], n, out);
    else
        each_quantile(p.delay, p.key, 3 * uint64_t(source) + 1, n, row,
                      [out](size_t k, int32_t fixed) { out[k] = uint16_t(std::max(0, (fixed + 32768) >> 16)); });
}

inline uint32_t bits_of(float number) {
    uint32_t bits;
    __builtin_memcpy(&bits, &number, sizeof bits);
    return bits;
}

inline void append_weights(const Projection& p, int32_t source, size_t n, Row& row, Form form) {
    const size_t begin = row.weight.size();
    row.weight.resize(begin + n);
    uint32_t* out = row.weight.data() + begin;
    if (p.weights)
        std::transform(p.weights + p.first[source], p.weights + p.first[source] + n, out, bits_of);
    else if (form == Form::coded)
        each_quantile(p.weight, p.key, 3 * uint64_t(source) + 2, n, row,
                      [out](size_t k, int32_t fixed) { out[k] = uint16_t((fixed + 32768) >> 16); });
    else
        each_quantile(p.weight, p.key, 3 * uint64_t(source) + 2, n, row,
                      [out, unit = p.unit](size_t k, int32_t fixed) { out[k] = bits_of(float(unit * fixed)); });
}

// Append the synapses of a source in one projection.
inline void append_row(const Projection& p, int32_t source, Row& row, Form form) {
    const size_t n = p.counts[source];
    append_targets(p, source, n, row);
    append_delays(p, source, n, row);
    if (form != Form::shared) append_weights(p, source, n, row, form);
}

// Links whose sources were drawn for every target, put in order of sources: arrays for Rule::given
struct Turned {
    std::vector<int32_t> counts, targets;
    std::vector<int64_t> first;
};

// Draw `counts[j]` sources for every target j; of one source, targets ascend.
inline Turned turned(Rule rule, uint64_t key, int32_t n_source, int32_t n_target, bool recurrent, const int32_t* counts) {
    Projection towards;
    towards.rule = rule, towards.key = key ^ 0x6A09E667F3BCC908u, towards.recurrent = recurrent;
    towards.n_source = n_target, towards.n_target = n_source, towards.counts = counts;
    Turned all{std::vector<int32_t>(n_source), {}, std::vector<int64_t>(n_source + 1)};
    Row row;
    // drawn twice, which is cheaper than to keep all of it: for the number of links of each source, then to put them in place
    for (const bool placing : {false, true}) {
        for (int32_t target = 0; target < n_target; ++target) {
            row.clear();
            append_targets(towards, target, counts[target], row);
            for (const int32_t source : row.target)
                if (placing) all.targets[all.first[source] + all.counts[source]++] = target;
                else ++all.counts[source];
        }
        if (placing) break;
        for (int32_t source = 0; source < n_source; ++source) all.first[source + 1] = all.first[source] + all.counts[source];
        all.targets.resize(all.first[n_source]);
        std::fill(all.counts.begin(), all.counts.end(), 0);
    }
    return all;
}

}  // namespace bioworkbench
