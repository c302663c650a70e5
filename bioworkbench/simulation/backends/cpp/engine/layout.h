// Where synapses lie in memory: row (source) -> chunk of targets -> delay -> synapses, 2 to 8 bytes each.
//
// A chunk is a range of receivers that one thread adds to, small enough for the second-level cache. A delay is not stored: it is
// the place of a synapse in its row. Rows are drawn (`draw.h`) and put in place by a counting sort, source by source, so that no
// list of all synapses ever exists; any number of threads makes the same layout.

#pragma once
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <thread>
#include <utility>
#include <vector>
#include "draw.h"
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace bioworkbench {

// Uninitialized memory on huge pages where the system has them: segments lie far apart, and with small pages every one of them
// would also miss the table of pages.
template <class T>
class Pages {
    T* at = nullptr;
    size_t length = 0;

public:
    Pages() = default;
    explicit Pages(size_t n) : length(n) {
        const size_t page = size_t(1) << 21, bytes = (n * sizeof(T) / page + 1) * page;
        at = static_cast<T*>(n * sizeof(T) < page ? std::malloc(n * sizeof(T) + 64) : std::aligned_alloc(page, bytes));
        if (!at) throw std::bad_alloc();
#if defined(__linux__) && defined(MADV_HUGEPAGE)
        if (n * sizeof(T) >= page) madvise(at, bytes, MADV_HUGEPAGE);
#endif
    }
    Pages(Pages&& other) noexcept { *this = std::move(other); }
    Pages& operator=(Pages&& other) noexcept {
        std::swap(at, other.at), std::swap(length, other.length);
        return *this;
    }
    ~Pages() { std::free(at); }
    T* data() const { return at; }
    size_t size() const { return length; }
    T& operator[](size_t k) const { return at[k]; }
};

// Synapses of all projections of one source population that keep their weights in one form
struct Group {
    int32_t n_source = 0;
    Form form = Form::shared;
    float scale = 1;              // of codes, or the shared weight
    std::vector<int32_t> delays;  // in steps, ascending: those that occur
    std::vector<Projection> projections;
    std::vector<int32_t> borders;  // of chunks, in the space of receivers: n_chunks + 1, from 0 to its end
    bool wide = false;             // chunks of more than 65 536 receivers

    std::vector<uint64_t> first;  // of each row; n_source + 1
    std::vector<uint32_t> index;  // of each segment within its row: n_source * stride()
    Pages<uint16_t> narrow_target;
    Pages<int32_t> wide_target;
    Pages<uint32_t> packed;  // target and code of 16 bits each: one access to memory instead of two
    Pages<float> weight;

    int32_t n_chunks() const { return int32_t(borders.size()) - 1; }
    size_t stride() const { return n_chunks() * delays.size() + 1; }
    size_t n_synapses() const { return first.empty() ? 0 : first.back(); }
    size_t bytes() const {
        return 2 * narrow_target.size() + 4 * (wide_target.size() + packed.size() + weight.size() + index.size()) + 8 * first.size();
    }
};

namespace layout {

// Places of delays among those that occur
inline std::vector<int32_t> places_of(const std::vector<int32_t>& delays) {
    std::vector<int32_t> places(delays.empty() ? 1 : delays.back() + 1, 0);
    for (size_t k = 0; k < delays.size(); ++k) places[delays[k]] = k;
    return places;
}

inline void reserve(Group& group) {
    group.first.assign(group.n_source + 1, 0);
    for (int32_t source = 0; source < group.n_source; ++source) {
        uint64_t n = 0;
        for (const Projection& p : group.projections) n += p.counts[source];
        group.first[source + 1] = group.first[source] + n;
    }
    group.index.assign(group.n_source * group.stride(), 0);
    const size_t n = group.n_synapses();
    if (group.form == Form::coded && !group.wide) {
        group.packed = Pages<uint32_t>(n);
        return;
    }
    (group.wide ? void(group.wide_target = Pages<int32_t>(n)) : void(group.narrow_target = Pages<uint16_t>(n)));
    if (group.form != Form::shared) group.weight = Pages<float>(n);
}

// Put the synapses of a row where `begin` says, which moves to the end of each segment.
inline void store(Group& group, uint64_t first, uint32_t* begin, const uint32_t* bin, const Row& row) {
    const size_t n = row.target.size();
    const auto each = [&](auto put) {
        for (size_t k = 0; k < n; ++k) put(first + begin[bin[k]]++, k);
    };
    const int32_t* target = row.target.data();
    const uint32_t* weight = row.weight.data();
    uint16_t* narrow = group.narrow_target.data();
    int32_t* wide = group.wide_target.data();
    float* number = group.weight.data();
    if (group.form == Form::coded && !group.wide) {
        each([target, weight, packed = group.packed.data()](size_t at, size_t k) { packed[at] = uint32_t(target[k]) | weight[k] << 16; });
    } else if (group.form == Form::shared) {
        if (group.wide) each([=](size_t at, size_t k) { wide[at] = target[k]; });
        else each([=](size_t at, size_t k) { narrow[at] = uint16_t(target[k]); });
    } else {
        const bool coded = group.form == Form::coded;
        each([=, scale = group.scale](size_t at, size_t k) {
            if (wide) wide[at] = target[k];
            else narrow[at] = uint16_t(target[k]);
            if (coded) number[at] = scale * float(int16_t(weight[k]));
            else __builtin_memcpy(number + at, weight + k, 4);
        });
    }
}

// Draw the row of a source and sort it by chunk, then delay; in a segment synapses stay in the order they were drawn.
inline void place_row(Group& group, int32_t source, const std::vector<int32_t>& places, Row& row, std::vector<uint32_t>& bins) {
    row.clear();
    for (const Projection& p : group.projections) append_row(p, source, row, group.form);
    const size_t n = row.target.size(), n_delays = group.delays.size(), stride = group.stride();
    uint32_t* begin = group.index.data() + source * stride;
    bins.resize(n);
    uint32_t* bin = bins.data();
    int32_t* target = row.target.data();
    const uint16_t* delay = row.delay.data();
    for (size_t k = 0; k < n; ++k) bin[k] = places[delay[k]];
    for (int32_t chunk = 0; chunk + 1 < group.n_chunks(); ++chunk) {
        // a target beyond a border goes on in the next chunk, counted from its beginning
        const int32_t width = group.borders[chunk + 1] - group.borders[chunk];
        for (size_t k = 0; k < n; ++k) {
            const bool beyond = bin[k] >= chunk * n_delays && target[k] >= width;
            bin[k] += beyond ? uint32_t(n_delays) : 0;
            target[k] -= beyond ? width : 0;
        }
    }
    for (size_t k = 0; k < n; ++k) ++begin[bin[k] + 1];
    for (size_t k = 1; k < stride; ++k) begin[k] += begin[k - 1];
    // begin[b] moves to the end of segment b, which is the beginning of b + 1, while its synapses are stored
    store(group, group.first[source], begin, bin, row);
    for (size_t k = stride - 1; k > 0; --k) begin[k] = begin[k - 1];
    begin[0] = 0;
}

}  // namespace layout

// Draw and lay out all synapses of a group.
inline void draw(Group& group, int n_threads) {
    layout::reserve(group);
    const std::vector<int32_t> places = layout::places_of(group.delays);
    std::atomic<int32_t> next{0};
    const auto work = [&] {
        Row row;
        std::vector<uint32_t> bin;
        for (int32_t begin; (begin = next.fetch_add(64)) < group.n_source;)
            for (int32_t source = begin; source < std::min(begin + 64, group.n_source); ++source)
                layout::place_row(group, source, places, row, bin);
    };
    std::vector<std::thread> others;
    for (int k = 1; k < n_threads; ++k) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
}

}  // namespace bioworkbench
