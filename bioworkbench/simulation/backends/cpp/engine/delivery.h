// Spikes to receivers, when they are due: there is no queue and no ring of future input.
//
// The spikes of the last steps are kept, as many as the largest delay has. At step t the spikes of step t - d reach, for every delay
// d, the segment (source, chunk, d) of their row, which is added straight into the receivers of the chunk. A receiver gets its
// events by delay, then group, then source, whatever the chunks and threads; so sums of floating-point numbers are the same too.

#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>
#include "layout.h"

namespace bioworkbench {

// Spikes of one source population in the present step and the one before. Threads write to parts of their own, which are ascending
// ranges of neurons; one may be a step ahead of those that still read.
class Recent {
    std::vector<std::vector<int32_t>> lists;
    int32_t n_parts = 1;

public:
    Recent() = default;
    explicit Recent(int32_t parts) : lists(2 * parts), n_parts(parts) {}

    std::vector<int32_t>& at(int64_t step, int32_t part) { return lists[(step & 1) * n_parts + part]; }
    const std::vector<int32_t>& at(int64_t step, int32_t part) const { return lists[(step & 1) * n_parts + part]; }
    int32_t parts() const { return n_parts; }
};

// Adds to the receivers of one chunk.
class Delivery {
    struct Spike {  // of a source, with what is needed of its row
        const Group* group;
        const uint32_t* index;  // of the segments in this chunk
        uint64_t first;
        const int32_t* places;  // of delays among the segments; -1 where a group has none
    };
    struct Segment {
        const Group* group;
        uint64_t begin;
        uint32_t n;
    };
    static constexpr size_t AHEAD = 8;  // segments between a prefetch and its use
    const std::vector<Group>& groups;
    const int32_t chunk;
    std::vector<std::vector<int32_t>> places;  // of all delays up to the largest, by group
    std::vector<std::vector<Spike>> spikes;    // of the last steps
    std::vector<Segment> segments;

    // The lines of a segment are needed once; NTA keeps them from driving out the receivers.
    static void prefetch(const void* from, size_t bytes) {
        for (size_t line = 0; line < bytes + 64; line += 64) __builtin_prefetch((const char*)from + line, 0, 0);
    }

    static void prefetch(const Segment& s) {
        const Group& g = *s.group;
        if (g.packed.size()) return prefetch(g.packed.data() + s.begin, 4 * s.n);
        if (g.wide) prefetch(g.wide_target.data() + s.begin, 4 * s.n);
        else prefetch(g.narrow_target.data() + s.begin, 2 * s.n);
        if (g.weight.size()) prefetch(g.weight.data() + s.begin, 4 * s.n);
    }

    template <class Real>
    static void add_packed(const uint32_t* synapse, uint32_t n, float scale, Real* receiver) {
        uint32_t k = 0;
        for (; k + 16 <= n; k += 16) {  // decoded in vectors; added one by one, for two may have the same target
            alignas(64) Real amount[16];
            for (int j = 0; j < 16; ++j) amount[j] = scale * float(int32_t(synapse[k + j]) >> 16);
            for (int j = 0; j < 16; ++j) receiver[synapse[k + j] & 0xFFFF] += amount[j];
        }
        for (; k < n; ++k) receiver[synapse[k] & 0xFFFF] += Real(scale * float(int32_t(synapse[k]) >> 16));
    }

    template <class Target, class Real>
    static void add(const Group& g, const Target* target, const Segment& s, Real* receiver) {
        if (g.form == Form::shared)
            for (uint32_t k = 0; k < s.n; ++k) receiver[target[k]] += Real(g.scale);
        else
            for (uint32_t k = 0; k < s.n; ++k) receiver[target[k]] += Real(g.weight[s.begin + k]);
    }

    void keep(const std::vector<const Recent*>& recent, int64_t step) {
        std::vector<Spike>& list = spikes[step % spikes.size()];
        list.clear();
        for (size_t g = 0; g < groups.size(); ++g) {
            const Group& group = groups[g];
            const size_t stride = group.stride(), offset = chunk * group.delays.size();
            for (int32_t part = 0; part < recent[g]->parts(); ++part)
                for (const int32_t source : recent[g]->at(step, part))
                    list.push_back({&group, group.index.data() + source * stride + offset, group.first[source], places[g].data()});
        }
    }

    void collect(int64_t step) {
        segments.clear();
        size_t position = step % spikes.size();
        for (size_t delay = 0; delay < spikes.size() && int64_t(delay) <= step; ++delay) {
            for (const Spike& spike : spikes[position]) {
                const int32_t place = spike.places[delay];
                if (place < 0) continue;
                const uint32_t begin = spike.index[place], end = spike.index[place + 1];
                if (end > begin) segments.push_back({spike.group, spike.first + begin, end - begin});
            }
            position = (position ? position : spikes.size()) - 1;
        }
    }

public:
    Delivery(const std::vector<Group>& all, int32_t own_chunk) : groups(all), chunk(own_chunk) {
        int32_t largest = 0;
        for (const Group& group : groups)
            if (!group.delays.empty()) largest = std::max(largest, group.delays.back());
        for (const Group& group : groups) {
            places.emplace_back(largest + 1, -1);
            for (size_t k = 0; k < group.delays.size(); ++k) places.back()[group.delays[k]] = int32_t(k);
        }
        spikes.resize(largest + 1);
    }

    // Add what is due at a step to the receivers of the chunk; `recent[g]` are the spikes of the sources of group g. Steps follow each
    // other, from 0 on. Returns the number of events.
    template <class Real>
    uint64_t operator()(const std::vector<const Recent*>& recent, int64_t step, Real* receiver) {
        keep(recent, step);
        collect(step);
        uint64_t n_events = 0;
        for (size_t k = 0; k < std::min(AHEAD, segments.size()); ++k) prefetch(segments[k]);
        for (size_t k = 0; k < segments.size(); ++k) {
            if (k + AHEAD < segments.size()) prefetch(segments[k + AHEAD]);
            const Segment& s = segments[k];
            const Group& g = *s.group;
            if (g.packed.size()) add_packed(g.packed.data() + s.begin, s.n, g.scale, receiver);
            else if (g.wide) add(g, g.wide_target.data() + s.begin, s, receiver);
            else add(g, g.narrow_target.data() + s.begin, s, receiver);
            n_events += s.n;
        }
        return n_events;
    }
};

}  // namespace bioworkbench
