// The headers of the engine as plain functions, for tests that compare them with their twins.

#include "delivery.h"
#include "normal.cpp"
#include "poisson.h"

using namespace bioworkbench;

namespace {

struct Network {
    std::vector<Group> groups;
    std::vector<Turned> turned;
};

Quantiles quantiles_of(const int32_t* start, const int32_t* rise, int32_t n, int32_t constant) {
    Quantiles table;
    for (int32_t k = 0; k < n; ++k) table.segments.push_back({start[k], rise[k]});
    table.constant = constant;
    return table;
}

}  // namespace

extern "C" {

void lanes_words(uint64_t key, uint64_t number, int32_t n, uint32_t* out) {
    std::vector<uint32_t> words(n + N_LANES);
    fill(Lanes(key, number), words.data(), n);
    std::copy_n(words.data(), n, out);
}

// Sums over steps, so that streams are seen to go on from step to step
void poisson_sums(uint64_t key, int32_t size, int32_t n_steps, const uint32_t* below, const uint32_t* alias, uint32_t n_draws,
                  double weight, double* out) {
    const PoissonTable table(below, alias, n_draws);
    for (int32_t begin = 0; begin < size; begin += STREAM_BLOCK) {
        Lanes lanes(key, begin / STREAM_BLOCK);
        for (int32_t step = 0; step < n_steps; ++step)
            add_background(lanes, table, weight, out + begin, std::min(STREAM_BLOCK, size - begin));
    }
}

// Numbers of consecutive calls, `n` each
void normal_numbers(uint64_t key, uint64_t number, int32_t n, int32_t n_calls, float* single, double* real, double* uniform) {
    Lanes first(key, number), second(key, number), third(key, number);
    std::vector<float> a(n + N_LANES);
    std::vector<double> b(n + N_LANES), c(n + N_LANES);
    for (int32_t call = 0; call < n_calls; ++call) {
        fill_normals(first, a.data(), n), fill_normals(second, b.data(), n), fill_uniforms(third, c.data(), n);
        std::copy_n(a.data(), n, single + call * n), std::copy_n(b.data(), n, real + call * n), std::copy_n(c.data(), n, uniform + call * n);
    }
}

void quantile_numbers(const int32_t* start, const int32_t* rise, int32_t n, int32_t constant, const uint32_t* words, int32_t n_words,
                      int32_t* out) {
    const Quantiles table = quantiles_of(start, rise, n, constant);
    for (int32_t k = 0; k < n_words; ++k) out[k] = table.segments.empty() ? table.constant : table(words[k]);
}

Network* network_new() { return new Network; }
void network_delete(Network* network) { delete network; }

void group_add(Network* network, int32_t n_source, int32_t form, double scale, const int32_t* delays, int32_t n_delays,
               const int32_t* borders, int32_t n_borders, int32_t wide) {
    Group group;
    group.n_source = n_source, group.form = Form(form), group.scale = float(scale), group.wide = wide;
    group.delays.assign(delays, delays + n_delays), group.borders.assign(borders, borders + n_borders);
    network->groups.push_back(std::move(group));
    network->turned.reserve(100);  // projections point into it
}

void projection_add(Network* network, int32_t rule, int32_t by_target, uint64_t key, int32_t n_target, int32_t base, int32_t recurrent,
                    const int32_t* counts, double unit, const int32_t* delay_start, const int32_t* delay_rise, int32_t n_delay,
                    int32_t delay, const int32_t* weight_start, const int32_t* weight_rise, int32_t n_weight, int32_t weight) {
    Group& group = network->groups.back();
    Projection p;
    p.rule = Rule(rule), p.key = key, p.n_source = group.n_source, p.n_target = n_target, p.base = base, p.recurrent = recurrent;
    p.counts = counts, p.unit = unit;
    p.delay = quantiles_of(delay_start, delay_rise, n_delay, delay);
    p.weight = quantiles_of(weight_start, weight_rise, n_weight, weight);
    if (by_target) {
        network->turned.push_back(turned(p.rule, key, group.n_source, n_target, recurrent, counts));
        const Turned& links = network->turned.back();
        p.rule = Rule::given, p.counts = links.counts.data(), p.first = links.first.data(), p.targets = links.targets.data();
    }
    group.projections.push_back(p);
}

void network_draw(Network* network, int32_t n_threads) {
    for (Group& group : network->groups) draw(group, n_threads);
}

int64_t group_size(Network* network, int32_t g) { return network->groups[g].n_synapses(); }
int64_t group_bytes(Network* network, int32_t g) { return network->groups[g].bytes(); }

// Synapses as they lie in memory: source, target in the space of receivers, delay in steps, weight
void group_synapses(Network* network, int32_t g, int32_t* source, int32_t* target, int32_t* delay, float* weight) {
    const Group& group = network->groups[g];
    size_t at = 0;
    for (int32_t s = 0; s < group.n_source; ++s)
        for (size_t k = 0; k + 1 < group.stride(); ++k) {
            const uint32_t* index = group.index.data() + s * group.stride() + k;
            for (uint64_t j = group.first[s] + index[0]; j < group.first[s] + index[1]; ++j, ++at) {
                const int32_t base = group.borders[k / group.delays.size()];
                source[at] = s, delay[at] = group.delays[k % group.delays.size()], weight[at] = group.scale;
                if (group.packed.size()) {
                    target[at] = base + int32_t(group.packed[j] & 0xFFFF);
                    weight[at] = group.scale * float(int32_t(group.packed[j]) >> 16);
                    continue;
                }
                target[at] = base + (group.wide ? group.wide_target[j] : group.narrow_target[j]);
                if (group.form != Form::shared) weight[at] = group.weight[j];
            }
        }
}

// Receivers after `n_steps` in which the sources `spike[first[step * n_groups + g]...]` of each group spike
void network_run(Network* network, int32_t n_steps, const int64_t* first, const int32_t* spike, int32_t n_parts, double* receivers) {
    const size_t n_groups = network->groups.size();
    std::vector<Recent> recent;
    for (size_t g = 0; g < n_groups; ++g) recent.emplace_back(n_parts);
    std::vector<const Recent*> all;
    for (const Recent& each : recent) all.push_back(&each);
    const std::vector<int32_t>& borders = network->groups[0].borders;
    std::vector<Delivery> deliveries;
    for (int32_t chunk = 0; chunk + 1 < int32_t(borders.size()); ++chunk) deliveries.emplace_back(network->groups, chunk);
    for (int64_t step = 0; step < n_steps; ++step) {
        for (size_t g = 0; g < n_groups; ++g)
            for (int32_t part = 0; part < n_parts; ++part) {  // each part is a range of sources
                std::vector<int32_t>& list = recent[g].at(step, part);
                list.clear();
                const int64_t n = network->groups[g].n_source;
                for (int64_t k = first[step * n_groups + g]; k < first[step * n_groups + g + 1]; ++k)
                    if (spike[k] >= n * part / n_parts && spike[k] < n * (part + 1) / n_parts) list.push_back(spike[k]);
            }
        for (size_t chunk = 0; chunk < deliveries.size(); ++chunk) deliveries[chunk](all, step, receivers + borders[chunk]);
    }
}

}  // extern "C"
