// Delivery of spikes. Takes the place of Brian2's synapse index queues: synapses come sorted by source, then delay, so that all
// synapses of a neuron with one delay are a span of consecutive indices, and a queue entry is a span instead of a list. Neurons are
// copies of a network side by side, all of which share the synapses of the first; a span says how far its targets are shifted.
#ifndef BIOWORKBENCH_SYNAPSES_H
#define BIOWORKBENCH_SYNAPSES_H

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <vector>

using namespace std;  // Brian2's generated code leaves it to this header

struct Span {
    int32_t begin, end, shift;
};

class SynapticPathway {
    struct Part {
        int32_t delay;  // steps
        int32_t begin, end;
    };
    std::vector<Part> parts;              // of all source neurons, one after the other
    std::vector<int32_t> first;           // where the parts of each source neuron begin
    std::vector<std::vector<Span>> ring;  // spans due now, one step later, ...
    size_t now = 0;
    int32_t n_source = 0, n_target = 0;  // of one copy

    [[noreturn]] static void unsorted() {
        std::fprintf(stderr, "synapses are not sorted by source\n");
        std::_Exit(7);
    }

public:
    std::vector<int>& sources;
    int n_copies = 1;
    SynapticPathway* queue[1] = {this};  // under this name Brian2 stores it

    SynapticPathway(std::vector<int>& sources, int, int) : ring(1), sources(sources) {}

    template <typename scalar>
    void prepare(int sources, int targets, const scalar* delays, int n_delays, const int* source, int n_synapses, double dt) {
        n_source = sources / n_copies;
        n_target = targets / n_copies;
        size_t longest = 0;
        parts.clear();
        first.assign(1, 0);
        int32_t k = 0;
        for (int32_t neuron = 0; neuron < n_source; neuron++) {
            while (k < n_synapses && source[k] == neuron) {
                const int32_t delay = static_cast<int32_t>(delays[n_delays > 1 ? k : 0] / dt + 0.5);
                const bool goes_on = parts.size() > static_cast<size_t>(first.back()) && parts.back().delay == delay;
                if (goes_on)
                    parts.back().end = k + 1;
                else
                    parts.push_back({delay, k, k + 1});
                longest = std::max<size_t>(longest, delay);
                k++;
            }
            first.push_back(static_cast<int32_t>(parts.size()));
        }
        if (k != n_synapses) unsorted();
        parts.shrink_to_fit();
        ring.assign(longest + 1, {});
        now = 0;
    }

    void advance() {
        ring[now].clear();
        if (++now == ring.size()) now = 0;
    }

    void push(const int32_t* spikes, int n_spikes) {
        for (int s = 0; s < n_spikes; s++) {
            const int32_t copy = spikes[s] / n_source, neuron = spikes[s] - copy * n_source;
            for (int32_t k = first[neuron]; k < first[neuron + 1]; k++) {
                size_t slot = now + parts[k].delay;
                if (slot >= ring.size()) slot -= ring.size();
                ring[slot].push_back({parts[k].begin, parts[k].end, copy * n_target});
            }
        }
    }

    const std::vector<Span>& due() const { return ring[now]; }

    friend std::ostream& operator<<(std::ostream& out, const SynapticPathway& pathway) {
        for (size_t later = 0; later < pathway.ring.size(); later++)
            for (const Span& span : pathway.ring[(pathway.now + later) % pathway.ring.size()])
                out << later << ' ' << span.begin << ' ' << span.end << ' ' << span.shift << '\n';
        return out;
    }
};

#endif
