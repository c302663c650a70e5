// What generated functions see of the engine: arrays of any type, pathways of spikes, tables, random streams, and the call that binds a
// function to the arrays it works on. The engine knows nothing about any model; a function knows nothing about sizes or names.
#ifndef BIOWORKBENCH_ENGINE_H
#define BIOWORKBENCH_ENGINE_H

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "normal.h"
#include "random.h"

#ifndef INFINITY
#define INFINITY HUGE_VAL
#endif

namespace bioworkbench {

constexpr int BLOCK = 256;  // neurons that share a random stream
constexpr int LANES = 16;   // synapses that are computed side by side
constexpr size_t HUGE_PAGE = size_t(2) << 20;

extern uint64_t run_seed, seed_number, first_trial;

// What a block of neurons draws from: one number after the other, or those of all neurons at once.
struct Stream {
    Random random;
    Lanes lanes;
    static constexpr int N_WORDS = Random::N_WORDS + Lanes::N_WORDS;

    Stream(uint64_t seed, uint64_t name, uint64_t trial, uint64_t block)
        : random(seed, name, trial, block), lanes(mixed(mixed(seed + name) + trial), block) {}
    explicit Stream(const uint64_t* words) : random(words), lanes(words + Random::N_WORDS) {}
    void save(uint64_t* words) const {
        random.save(words);
        lanes.save(words + Random::N_WORDS);
    }
};
extern std::map<std::pair<uint64_t, int64_t>, Stream> left_streams;  // of the run before, by function and number

// Array whose type only functions know. Rows of `columns` items where it has two axes. Memory begins on a cache line.
// Synapses may be moved once they are loaded: their items then stand between those of other arrays, or in another order.
class Array {
    size_t room_ = 0;  // bytes

    // Large arrays lie in large pages: what goes through them in leaps meets a new page each time.
    static char* room_for(size_t& bytes) {
        const size_t whole = bytes >= 2 * HUGE_PAGE ? HUGE_PAGE : 64;
        bytes = (bytes + whole - 1) / whole * whole;
        char* made = static_cast<char*>(std::aligned_alloc(whole, bytes));
        if (!made) std::abort();
#ifdef MADV_HUGEPAGE
        if (whole == HUGE_PAGE) madvise(made, bytes, MADV_HUGEPAGE);
#endif
        return made;
    }

public:
    char* data = nullptr;
    size_t size = 0;
    int32_t item = 8, columns = 1;
    char type = 'd';
    bool is_view_ = false;
    size_t step = 1;                         // items from one to the next
    const int32_t* stored_at = nullptr;      // where items are by the numbers that they were loaded with; null: there
    std::vector<int32_t> rows;               // of sorted targets: where the synapses of each begin

    Array(char type, int32_t item) : item(item), type(type) {}
    Array(Array& other, size_t begin, size_t n)  // a view, which does not own its memory
        : data(other.data + begin * other.item), size(n), item(other.item), type(other.type), is_view_(true) {}
    Array(const Array&) = delete;
    ~Array() {
        if (!is_view_) std::free(data);
    }

    void reserve(size_t n) {
        if (n * item <= room_) return;
        // Half as much again, so that appending one by one takes time in proportion
        room_ = std::max(n * item, room_ + room_ / 2);
        char* larger = room_for(room_);
        if (size) std::memcpy(larger, data, size * item);
        std::free(data);
        data = larger;
    }

    void resize(size_t n) {
        reserve(n);
        if (n > size) std::memset(data + size * item, 0, (n - size) * item);
        size = n;
    }

    size_t place(size_t k) const { return (stored_at ? stored_at[k] : k) * step; }

    // Items are in memory of somebody else from now on, at the first one and then so many items further
    void move_to(char* first, size_t items) {
        for (size_t k = 0; k < size; k++) std::memcpy(first + k * items * item, data + k * item, item);
        if (!is_view_) std::free(data);
        data = first, step = items, is_view_ = true;
    }

    void reorder(const std::vector<int32_t>& places) {
        std::vector<char> before(data, data + size * item);
        for (size_t k = 0; k < size; k++) std::memcpy(data + places[k] * size_t(item), before.data() + k * item, item);
        stored_at = places.data();
    }
};

// Items that stand between those of other arrays
template <typename T>
class Strided {
    T* const first_;
    const size_t step_;

public:
    explicit Strided(Array& array) : first_(reinterpret_cast<T*>(array.data)), step_(array.step) {}
    T& operator[](size_t k) const { return first_[k * step_]; }
};

// A growing array with the interface that Brian2's templates use.
template <typename T>
class Vector {
    Array& array_;

public:
    explicit Vector(Array& array) : array_(array) {}
    size_t size() const { return array_.size; }
    bool empty() const { return array_.size == 0; }
    T* data() { return reinterpret_cast<T*>(array_.data); }
    T& operator[](size_t k) { return data()[k]; }
    void resize(size_t n) { array_.resize(n); }
    void push_back(T value) {
        array_.reserve(array_.size + 1);
        data()[array_.size++] = value;
    }
    void append(const T* values, size_t n) {
        array_.reserve(array_.size + n);
        std::copy(values, values + n, data() + array_.size);
        array_.size += n;
    }
    void append(size_t n, T value) {
        array_.reserve(array_.size + n);
        std::fill(data() + array_.size, data() + array_.size + n, value);
        array_.size += n;
    }
};

template <typename T>
class Matrix {
    Array& array_;

public:
    explicit Matrix(Array& array) : array_(array) {}
    void resize(size_t rows, size_t columns) {
        array_.columns = static_cast<int32_t>(columns);
        array_.resize(rows * columns);
    }
    T& operator()(size_t row, size_t column) { return reinterpret_cast<T*>(array_.data)[row * array_.columns + column]; }
};

// A function of time, or of time and column; Brian2's TimedArray. Steps are counted in a fraction of `dt` that a neuron's step is a
// multiple of, so that rounding never picks a neighbor.
struct Table {
    Array* values;
    int32_t rows, columns, upsampling;
    double dt, begin;  // its first row is of this time

    int row(double t) const {
        const double fine = dt / upsampling;
        return std::min(std::max(static_cast<int>(((t - begin) / fine + 0.5) / upsampling), 0), rows - 1);
    }
    double at(double t) const { return reinterpret_cast<const double*>(values->data)[row(t)]; }
    double at(double t, int column) const {
        if (column < 0 || column >= columns) return NAN;
        return reinterpret_cast<const double*>(values->data)[static_cast<size_t>(row(t)) * columns + column];
    }
};

// Binomial numbers: the smallest count whose cumulative probability exceeds a uniform number, which a guide of 256 entries finds in a
// step or two; normal where Brian2 approximates.
class Binomial {
    std::vector<double> cumulative_;
    uint16_t guide_[257] = {};
    double mean_ = 0, spread_ = 0;

public:
    Binomial(int64_t n, double p, bool normal);
    double draw(Random& random) const {
        if (cumulative_.empty()) return static_cast<float>(mean_ + spread_ * random.randn());
        const double u = random.rand();
        size_t k = guide_[static_cast<int>(u * 256)];
        while (cumulative_[k] <= u) k++;
        return static_cast<double>(k);
    }
};

struct Span {
    int32_t begin, end, shift;  // places in the order of a pathway; how far targets are shifted
};

struct Range {
    int32_t begin, end;
};

// Asks memory for as many items as there are lanes, which are needed soon. The address may lie beyond an array: nothing is read.
template <typename T>
inline void fetch_lanes(const T* items) {
    for (size_t byte = 0; byte < LANES * sizeof(T); byte += 64) __builtin_prefetch(reinterpret_cast<const char*>(items) + byte);
}

// Whether four spans from one on reach the same consecutive targets of one copy.
inline bool are_together(const std::vector<Span>& spans, size_t first, const int32_t* targets) {
    if (spans.size() - first < 4) return false;
    const Span& one = spans[first];
    return std::all_of(&spans[first + 1], &spans[first + 3] + 1, [&](const Span& other) {
        return other.shift == one.shift && other.end - other.begin == one.end - one.begin && targets[other.begin] == targets[one.begin];
    });
}

// Spikes on their way through synapses. The synapses of a neuron with one delay stand together in the order, so that a queue entry is a
// span instead of a list; where synapses come sorted by neuron and delay, their order is their number and takes no memory.
class Pathway {
    struct Part {
        int32_t delay, begin, end;
        bool operator==(const Part& other) const { return delay == other.delay && begin == other.begin && end == other.end; }
    };
    std::vector<Part> parts_;              // of all source neurons, one after the other
    std::vector<int32_t> first_;           // where the parts of each source neuron begin
    std::vector<int32_t> order_;           // synapses in order; empty if they come so
    std::vector<std::vector<Span>> ring_;  // spans due now, one step later, ...
    size_t now_ = 0;
    double dt_ = 0;
    bool consecutive_ = false;             // the targets of each part

    bool counts(int32_t synapse) const;
    void add(int32_t neuron, int32_t delay, int32_t place);
    bool listed_as_they_come(const std::vector<int32_t>& delay, bool several);
    std::vector<int32_t> listed_in_order(const std::vector<int32_t>& delay, bool several);
    void keep_pending(std::vector<int32_t>& order, bool identity);
    void rescale(double factor);
    bool all_consecutive() const;

public:
    Array *sources, *targets;
    int32_t start, stop;    // source neurons
    int32_t copies = 1;     // of the network, side by side, which share the synapses of the first
    int32_t own_copies = 1; // of the network, which have synapses of their own
    int32_t n_target = 0;   // neurons of all copies
    const Array* left = nullptr;  // spikes on their way as the run begins; see `waiting`
    Range mine{0, INT32_MAX};  // targets that count, where threads share the work; others are another thread's

    Pathway(Array* sources, Array* targets, int32_t start, int32_t stop)
        : ring_(1), sources(sources), targets(targets), start(start), stop(stop) {}
    void prepare(const Array& delays, double dt);
    void resume();
    void waiting(Array& spikes) const;

    void advance() {
        ring_[now_].clear();
        if (++now_ == ring_.size()) now_ = 0;
    }

    void push(const int32_t* spikes, int n_spikes, int32_t offset) {
        const int32_t n_source = (stop - start) / copies, n_shift = n_target / copies;
        int32_t copy = 0, first = start;  // copy of the present spike, and its first neuron
        for (int s = 0; s < n_spikes; s++) {
            const int32_t spike = spikes[s] + offset;
            if (spike < start || spike >= stop) continue;
            // Spikes come in order of their neurons: to divide for each would take most of the time.
            if (spike < first || spike - first >= n_source) {
                copy = (spike - start) / n_source;
                first = start + copy * n_source;
            }
            const int32_t neuron = spike - first;
            // A thread has whole copies, so that the first target of a copy says whose it is.
            if (copies > 1 && (copy * n_shift < mine.begin || copy * n_shift >= mine.end)) continue;
            for (int32_t k = first_[neuron]; k < first_[neuron + 1]; k++) {
                size_t slot = now_ + parts_[k].delay;
                if (slot >= ring_.size()) slot -= ring_.size();
                ring_[slot].push_back({parts_[k].begin, parts_[k].end, copy * n_shift});
            }
        }
    }

    const std::vector<Span>& due() const { return ring_[now_]; }
    bool is_consecutive(const int32_t* of) const { return consecutive_ && of == reinterpret_cast<const int32_t*>(targets->data); }
    const int32_t* order() const { return order_.empty() ? nullptr : order_.data(); }
    int32_t copy_of(const Span& span, size_t synapse) const {
        if (copies > 1) return span.shift / (n_target / copies);
        return own_copies > 1 ? static_cast<int32_t>(synapse / (sources->size / own_copies)) : 0;
    }
};

union Number {
    double real;
    int64_t whole;
};

// Random streams, made when they are first used.
struct Streams {
    uint64_t seeded = 0;  // number of the seed that they are of
    int64_t first = 0;    // number of the first
    std::vector<Stream> list;
};

// A function bound to what it works on: all neurons of a group, or a range of them that one thread has. Each block of neurons of each
// trial has a random stream, named by seed, function, trial and block: nothing else moves it, neither other groups nor chunks nor threads.
struct Call {
    std::vector<Array*> arrays, registered;  // registered: arrays with an item per synapse, where synapses are created
    std::vector<Number> numbers;
    std::vector<const Table*> tables;
    std::vector<const Binomial*> binomials;
    Pathway* pathway = nullptr;
    uint64_t key = 0;     // of its streams
    std::shared_ptr<Streams> streams = std::make_shared<Streams>();
    int64_t offset = 0;   // of its first neuron
    int64_t of_copy = 0;  // neurons of one copy of the network; 0: there is one

    template <typename T>
    T* at(int k) {
        return reinterpret_cast<T*>(arrays[k]->data);
    }
    int64_t in_copy(int64_t k) const { return of_copy ? (offset + k) % of_copy : offset + k; }
    Stream& stream_of(int64_t k) {
        const int64_t per_copy = (of_copy + BLOCK - 1) / BLOCK;
        const auto number = [&](int64_t j) { return (of_copy ? (offset + j) / of_copy * per_copy : 0) + in_copy(j) / BLOCK; };
        return stream(number(k) - number(0), number(0), per_copy);
    }
    Stream& stream_of_copy(int64_t copy) { return stream(copy, 0, 1); }
    void leave_streams(Array& words) const;

private:
    Stream& stream(int64_t k, int64_t first, int64_t per_copy);
};

// Ranges of neurons that share a random stream, one after the other; the stream of each becomes the one that is drawn from.
class Blocks {
    Call& call_;
    const int n_;

public:
    int begin = 0, end = 0;
    Lanes* lanes = nullptr;

    Blocks(Call& call, int n) : call_(call), n_(n) {}
    bool next();
};

// Resizes all arrays with an item per synapse.
struct Registered {
    Call& call;
    void resize(size_t n) {
        for (Array* array : call.registered) array->resize(n);
    }
};

// A generated function. Each makes itself known when the program starts, whichever file it is in.
struct Function {
    const char* name;
    const char* types;  // of its arrays and numbers, one letter each
    void (*run)(Call&);
    const Function* next;

    Function(const char* name, const char* types, void (*run)(Call&));
};
extern const Function* known_functions;

inline thread_local Random* current_stream = nullptr;

inline void draw_from(Stream& stream) { current_stream = &stream.random; }

inline bool Blocks::next() {
    begin = end;
    if (begin >= n_) return false;
    const int64_t inside = call_.in_copy(begin), whole = BLOCK - inside % BLOCK;
    end = static_cast<int>(std::min<int64_t>(n_, begin + (call_.of_copy ? std::min(whole, call_.of_copy - inside) : whole)));
    Stream& stream = call_.stream_of(begin);
    draw_from(stream);
    lanes = &stream.lanes;
    return true;
}

}  // namespace bioworkbench

#include "functions.h"

#endif
