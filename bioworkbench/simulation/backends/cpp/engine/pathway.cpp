// How a pathway orders its synapses, and other things that are made once per run and read at every step.
#include <numeric>

#include "engine.h"

namespace bioworkbench {

const Layers layers;

uint64_t run_seed = 0, seed_number = 0, first_trial = 0;
std::map<std::pair<uint64_t, int64_t>, Stream> left_streams;
const Function* known_functions = nullptr;  // set before anything else of the program is: it is a constant

Function::Function(const char* name, const char* types, void (*run)(Call&)) : name(name), types(types), run(run), next(known_functions) {
    known_functions = this;
}

void seed_streams(uint64_t seed) {
    run_seed = seed;
    seed_number++;
}

// Stream k, made when it is first used; `first` is the number of stream 0 among those of all neurons, of which a copy has so many.
Stream& Call::stream(int64_t k, int64_t first, int64_t per_copy) {
    std::vector<Stream>& list = streams->list;
    if (streams->seeded != seed_number) {  // the seed was set since
        streams->seeded = seed_number;
        list.clear();
    }
    streams->first = first;
    while (static_cast<int64_t>(list.size()) <= k) {
        const int64_t number = first + static_cast<int64_t>(list.size()), trial = per_copy ? number / per_copy : 0;
        const auto left = left_streams.find({key, number});
        if (left != left_streams.end())
            list.push_back(left->second);
        else
            list.emplace_back(run_seed, key, first_trial + trial, number - trial * per_copy);
    }
    return list[k];
}

// Appends words for each stream: function, number and state.
void Call::leave_streams(Array& words) const {
    for (size_t k = 0; k < streams->list.size(); k++) {
        uint64_t row[2 + Stream::N_WORDS] = {key, static_cast<uint64_t>(streams->first) + k};
        streams->list[k].save(row + 2);
        Vector<uint64_t>(words).append(row, 2 + Stream::N_WORDS);
    }
}

// Appends two numbers for each spike and synapse that it has yet to reach, in the order in which they act: steps until then, and the
// synapse, counted over all copies.
void Pathway::waiting(Array& spikes) const {
    const int64_t n_shift = copies > 1 ? n_target / copies : 1, n = static_cast<int64_t>(sources->size);
    for (size_t later = 1; later < ring_.size(); later++)
        for (const Span& span : ring_[(now_ + later) % ring_.size()])
            for (int32_t k = span.begin; k < span.end; k++) {
                const int64_t row[2] = {static_cast<int64_t>(later), span.shift / n_shift * n + (order_.empty() ? k : order_[k])};
                Vector<int64_t>(spikes).append(row, 2);
            }
}

// Puts spikes of the run before on their way again. The synapses of one source are one span, as when they were pushed.
void Pathway::resume() {
    if (!left || left->size == 0) return;
    std::vector<int32_t> place;
    if (!order_.empty()) {
        place.assign(sources->size, 0);
        for (size_t k = 0; k < order_.size(); k++) place[order_[k]] = static_cast<int32_t>(k);
    }
    const int64_t* spikes = reinterpret_cast<const int64_t*>(left->data);
    const int64_t n_shift = copies > 1 ? n_target / copies : 0, n = static_cast<int64_t>(sources->size);
    int32_t last_source = -1;
    for (size_t s = 0; s < left->size; s += 2) {
        const int32_t synapse = static_cast<int32_t>(spikes[s + 1] % n), shift = static_cast<int32_t>(spikes[s + 1] / n * n_shift);
        if (copies > 1 ? shift < mine.begin || shift >= mine.end : !counts(synapse)) continue;
        while (ring_.size() <= static_cast<size_t>(spikes[s])) ring_.emplace_back();  // now_ is 0
        auto& spans = ring_[spikes[s]];
        const int32_t k = place.empty() ? synapse : place[synapse], source = reinterpret_cast<const int32_t*>(sources->data)[synapse];
        const bool goes_on = !spans.empty() && spans.back().end == k && spans.back().shift == shift && source == last_source;
        if (goes_on)
            spans.back().end = k + 1;
        else
            spans.push_back({k, k + 1, shift});
        last_source = source;
    }
}

// Spikes that are on their way keep their synapses when the order changes: what they still have to reach is written behind the new
// order, where only they look.
void Pathway::keep_pending(std::vector<int32_t>& order, bool identity) {
    size_t n_pending = 0;
    for (const auto& spans : ring_) n_pending += spans.size();
    if (n_pending == 0) return;
    if (identity) {
        order.resize(sources->size);
        std::iota(order.begin(), order.end(), 0);
    }
    for (auto& spans : ring_)
        for (Span& span : spans) {
            const int32_t begin = static_cast<int32_t>(order.size());
            for (int32_t k = span.begin; k < span.end; k++) order.push_back(order_.empty() ? k : order_[k]);
            span.begin = begin;
            span.end = static_cast<int32_t>(order.size());
        }
}

// Another time step: what is due is moved to the step nearest to its time.
void Pathway::rescale(double factor) {
    std::vector<std::vector<Span>> scaled(static_cast<size_t>(ring_.size() * factor) + 1);
    for (size_t later = 0; later < ring_.size(); later++) {
        auto& from = ring_[(now_ + later) % ring_.size()];
        auto& to = scaled[std::min(static_cast<size_t>(later * factor + 0.5), scaled.size() - 1)];
        to.insert(to.end(), from.begin(), from.end());
    }
    ring_ = std::move(scaled);
    now_ = 0;
}

// Sorts the synapses by source neuron, then delay, then number. Runs before each run of a network, as delays may have been set.
void Pathway::prepare(const Array& delays, double dt) {
    if (dt_ != 0 && dt_ != dt) rescale(dt_ / dt);
    dt_ = dt;
    const bool several = delays.size > 1;
    std::vector<int32_t> delay(several ? sources->size : std::min<size_t>(sources->size, 1));
    for (size_t k = 0; k < delay.size(); k++) {
        const double given = delays.type == 'f' ? reinterpret_cast<const float*>(delays.data)[k] : reinterpret_cast<const double*>(delays.data)[k];
        delay[k] = static_cast<int32_t>(given / dt + 0.5);
    }
    std::vector<int32_t> order;
    const bool identity = listed_as_they_come(delay, several);
    if (!identity) order = listed_in_order(delay, several);
    keep_pending(order, identity);
    order.shrink_to_fit();
    order_ = std::move(order);
    consecutive_ = order_.empty() && all_consecutive();
    const size_t longest = delay.empty() ? 0 : *std::max_element(delay.begin(), delay.end());
    // Turned so that the present step comes first, for places behind the last to be the latest.
    if (longest + 1 > ring_.size()) {
        std::rotate(ring_.begin(), ring_.begin() + now_, ring_.end());
        now_ = 0;
        ring_.resize(longest + 1);
    }
}

bool Pathway::all_consecutive() const {
    const int32_t* target = reinterpret_cast<const int32_t*>(targets->data);
    for (const Part& part : parts_)
        for (int32_t k = part.begin + 1; k < part.end; k++)
            if (target[k] != target[k - 1] + 1) return false;
    return true;
}

bool Pathway::counts(int32_t synapse) const {
    const int32_t target = reinterpret_cast<const int32_t*>(targets->data)[synapse];
    return copies > 1 || (target >= mine.begin && target < mine.end);
}

void Pathway::add(int32_t neuron, int32_t delay, int32_t place) {
    while (static_cast<int32_t>(first_.size()) <= neuron) first_.push_back(static_cast<int32_t>(parts_.size()));
    const bool goes_on = parts_.size() > static_cast<size_t>(first_.back()) && parts_.back().delay == delay && parts_.back().end == place;
    if (goes_on)
        parts_.back().end = place + 1;
    else
        parts_.push_back({delay, place, place + 1});
}

// Lists runs of consecutive synapses, which need no order: all of a source and delay are one run if synapses come sorted, and so are
// those that a thread has of them. False where they do not come sorted, or break into many runs.
bool Pathway::listed_as_they_come(const std::vector<int32_t>& delay, bool several) {
    const int32_t n = static_cast<int32_t>(sources->size), n_neurons = (stop - start) / copies;
    const int32_t* source = reinterpret_cast<const int32_t*>(sources->data);
    const bool all = copies > 1 || (mine.begin == 0 && mine.end == INT32_MAX);
    parts_.clear();
    first_.clear();
    size_t n_pieces = 0;  // sources and delays
    int32_t last_neuron = -1, last_delay = -1;
    for (int32_t k = 0; k < n; k++) {
        if (!all && !counts(k)) continue;
        const int32_t neuron = source[k] - start, steps = delay[several ? k : 0];
        if (neuron < last_neuron || (neuron == last_neuron && steps < last_delay)) return false;
        n_pieces += neuron != last_neuron || steps != last_delay;
        last_neuron = neuron, last_delay = steps;
        add(neuron, steps, k);
    }
    while (static_cast<int32_t>(first_.size()) <= n_neurons) first_.push_back(static_cast<int32_t>(parts_.size()));
    parts_.shrink_to_fit();
    // Up to twice as many spans cost less than an order, which is read beside the synapses at every spike.
    return parts_.size() <= 2 * n_pieces;
}

// Lists the synapses by way of an order: places of a span are places in it.
std::vector<int32_t> Pathway::listed_in_order(const std::vector<int32_t>& delay, bool several) {
    const int32_t n = static_cast<int32_t>(sources->size), n_neurons = (stop - start) / copies;
    const int32_t* source = reinterpret_cast<const int32_t*>(sources->data);
    std::vector<int32_t> begin(n_neurons + 1, 0);
    for (int32_t k = 0; k < n; k++) begin[source[k] - start + 1] += counts(k);
    for (int32_t j = 0; j < n_neurons; j++) begin[j + 1] += begin[j];
    std::vector<int32_t> place(begin.begin(), begin.end() - 1), order(begin.back());
    for (int32_t k = 0; k < n; k++)
        if (counts(k)) order[place[source[k] - start]++] = k;
    parts_.clear();
    first_.clear();
    for (int32_t j = 0; j < n_neurons; j++) {
        if (several)
            std::stable_sort(order.begin() + begin[j], order.begin() + begin[j + 1], [&](int32_t a, int32_t b) { return delay[a] < delay[b]; });
        for (int32_t k = begin[j]; k < begin[j + 1]; k++) add(j, delay[several ? order[k] : 0], k);
    }
    while (static_cast<int32_t>(first_.size()) <= n_neurons) first_.push_back(static_cast<int32_t>(parts_.size()));
    parts_.shrink_to_fit();
    return order;
}

Binomial::Binomial(int64_t n, double p, bool normal) {
    if (normal) {
        mean_ = n * p;
        spread_ = std::sqrt(n * p * (1 - p));
        return;
    }
    double sum = 0;
    const double log_p = std::log(p), log_q = std::log1p(-p);
    for (int64_t k = 0; k <= n; k++) {
        const bool certain = p <= 0 || p >= 1;
        const double choices = std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0);
        sum += certain ? (k == (p >= 1 ? n : 0)) : std::exp(choices + k * log_p + (n - k) * log_q);
        cumulative_.push_back(sum);
        if (sum > 1 - 1e-15 && k > n * p) break;
    }
    cumulative_.back() = 2;  // nothing lies beyond
    size_t k = 0;
    for (int g = 0; g <= 256; g++) {
        while (cumulative_[k] <= g / 256.0) k++;
        guide_[g] = static_cast<uint16_t>(k);
    }
}

}  // namespace bioworkbench
