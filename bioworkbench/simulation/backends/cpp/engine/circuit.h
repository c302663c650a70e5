// Populations whose synapses the program draws, run by several threads.
//
// A population is cut into parts, ranges of neurons; a generated function is bound to slices of the arrays, so it knows nothing of
// threads. A thread owns parts and the receivers of their neurons: in a step it updates its parts and lists who spikes, waits for
// the others once, and adds what is due to its own receivers. Nothing depends on how many threads there are.
//
// The plan makes jobs, numbered in order, and says which thread does which in each phase of a step.

#pragma once
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "barrier.h"
#include "delivery.h"
#include "engine.h"
#include "poisson.h"

namespace bioworkbench {

// What a circuit reads from a plan
struct PlanReader {
    std::function<std::string()> word;
    std::function<int64_t()> whole;
    std::function<uint64_t()> key;
    std::function<double()> real;
    std::function<Array&()> array;
    std::function<std::function<void()>()> action;
};

class Circuit {
    using Job = std::function<void(int64_t)>;  // given the step
    std::vector<Job> jobs;
    std::vector<Group> groups;
    std::vector<int32_t> sources;  // of groups: which list of spikes
    std::vector<std::unique_ptr<Recent>> recent;
    std::vector<std::unique_ptr<Turned>> turned;
    std::vector<std::function<void(uint64_t)>> streams;  // of backgrounds, to be begun again with the key of a trial
    std::vector<std::unique_ptr<Delivery>> deliveries;

    template <class Act>
    static void real(Array& array, Act act) {
        if (array.type == 'f') act(reinterpret_cast<float*>(array.data));
        else act(reinterpret_cast<double*>(array.data));
    }

    static const int32_t* whole_numbers(Array& array) { return reinterpret_cast<const int32_t*>(array.data); }

    static Quantiles quantiles(PlanReader& plan) {
        Quantiles table;
        table.constant = int32_t(plan.whole());
        Array &start = plan.array(), &rise = plan.array();
        for (size_t k = 0; k < start.size; ++k) table.segments.push_back({whole_numbers(start)[k], whole_numbers(rise)[k]});
        return table;
    }

    void add_group(PlanReader& plan) {
        Group group;
        sources.push_back(int32_t(plan.whole()));
        group.n_source = int32_t(plan.whole());
        group.form = Form(plan.whole());
        group.scale = float(plan.real());
        group.wide = plan.whole();
        for (std::vector<int32_t>* list : {&group.delays, &group.borders})
            for (int64_t n = plan.whole(); n > 0; --n) list->push_back(int32_t(plan.whole()));
        groups.push_back(std::move(group));
    }

    // rule, by target, key, targets, base, recurrent, counts, unit, delays, weights
    void add_projection(PlanReader& plan) {
        Group& group = groups.back();
        Projection p;
        p.rule = Rule(plan.whole());
        const bool by_target = plan.whole();
        p.key = plan.key();
        p.n_source = group.n_source, p.n_target = int32_t(plan.whole()), p.base = int32_t(plan.whole());
        p.recurrent = plan.whole();
        p.counts = whole_numbers(plan.array());
        p.unit = plan.real();
        p.delay = quantiles(plan), p.weight = quantiles(plan);
        if (by_target) {
            turned.push_back(std::make_unique<Turned>(bioworkbench::turned(p.rule, p.key, p.n_source, p.n_target, p.recurrent, p.counts)));
            const Turned& links = *turned.back();
            p.rule = Rule::given, p.counts = links.counts.data(), p.first = links.first.data(), p.targets = links.targets.data();
        }
        group.projections.push_back(std::move(p));
    }

    // Links that are given: arrays of counts, targets, delays, weights (those of size 0 have a distribution instead), base, unit
    void add_given(PlanReader& plan) {
        Group& group = groups.back();
        Projection p;
        p.rule = Rule::given, p.n_source = group.n_source;
        p.counts = whole_numbers(plan.array()), p.targets = whole_numbers(plan.array());
        Array &delays = plan.array(), &weights = plan.array();
        if (delays.size) p.delays = reinterpret_cast<const uint16_t*>(delays.data);
        if (weights.size) p.weights = reinterpret_cast<const float*>(weights.data);
        p.base = int32_t(plan.whole());
        p.unit = plan.real();
        p.delay.constant = int32_t(plan.whole()), p.weight.constant = int32_t(plan.whole());
        auto places = std::make_unique<Turned>();
        places->first.assign(p.n_source + 1, 0);
        for (int32_t k = 0; k < p.n_source; ++k) places->first[k + 1] = places->first[k] + p.counts[k];
        p.first = places->first.data();
        turned.push_back(std::move(places));
        group.projections.push_back(std::move(p));
    }

    void add_call(PlanReader& plan) {
        jobs.push_back([run = plan.action()](int64_t) { run(); });
    }

    // The spikes of a part, from Brian2's list (whose last item is their number), go to the list of the last steps.
    void add_note(PlanReader& plan) {
        Recent& to = *recent.at(plan.whole());
        const int32_t part = int32_t(plan.whole()), offset = int32_t(plan.whole());
        Array& events = plan.array();
        jobs.push_back([&to, part, offset, &events](int64_t step) {
            const int32_t* spikes = whole_numbers(events);
            std::vector<int32_t>& list = to.at(step, part);
            list.clear();
            for (int32_t k = 0; k < spikes[events.size - 1]; ++k) list.push_back(spikes[k] + offset);
        });
    }

    void add_record(PlanReader& plan) {
        Recent& from = *recent.at(plan.whole());
        const int32_t part = int32_t(plan.whole());
        Array &neurons = plan.array(), &steps = plan.array();
        jobs.push_back([&from, part, &neurons, &steps](int64_t step) {
            const std::vector<int32_t>& list = from.at(step, part);
            if (list.empty()) return;
            Vector<int32_t>(neurons).append(list.data(), list.size());
            Vector<int32_t>(steps).append(list.size(), int32_t(step));
        });
    }

    // Values of some items every few steps
    void add_trace(PlanReader& plan) {
        const int64_t every = plan.whole();
        Array &values = plan.array(), &places = plan.array(), &rows = plan.array();
        jobs.push_back([every, &values, &places, &rows](int64_t step) {
            if (step % every) return;
            real(values, [&](auto* items) {
                Vector<double> out(rows);
                for (size_t k = 0; k < places.size; ++k) out.push_back(double(items[whole_numbers(places)[k]]));
            });
        });
    }

    void add_hold(PlanReader& plan) {
        Array &values = plan.array(), &kept = plan.array();
        jobs.push_back([&values, &kept](int64_t) { std::copy_n(values.data, values.size * values.item, kept.data); });
    }

    // What was added to refractory neurons meanwhile is lost
    void add_release(PlanReader& plan) {
        Array &values = plan.array(), &kept = plan.array(), &awake = plan.array();
        jobs.push_back([&values, &kept, &awake](int64_t) {
            const auto* ready = reinterpret_cast<const char*>(awake.data);
            real(values, [&](auto* items) {
                const auto* before = reinterpret_cast<decltype(items)>(kept.data);
                for (size_t k = 0; k < values.size; ++k) items[k] = ready[k] ? items[k] : before[k];
            });
        });
    }

    void add_background(PlanReader& plan) {
        Array& receiver = plan.array();
        const auto* below = reinterpret_cast<const uint32_t*>(plan.array().data);
        const auto* alias = reinterpret_cast<const uint32_t*>(plan.array().data);
        auto table = std::make_shared<PoissonTable>(below, alias, uint32_t(plan.whole()));
        const double weight = plan.real();
        const uint64_t first = plan.key();  // number of the first block
        auto lanes = std::make_shared<std::vector<Lanes>>((receiver.size + STREAM_BLOCK - 1) / STREAM_BLOCK);
        streams.push_back([lanes, first](uint64_t key) {
            for (size_t block = 0; block < lanes->size(); ++block) (*lanes)[block] = Lanes(key, first + block);
        });
        jobs.push_back([&receiver, table, weight, lanes](int64_t) {
            real(receiver, [&](auto* items) {
                using Real = std::decay_t<decltype(*items)>;
                for (size_t block = 0; block < lanes->size(); ++block) {
                    const size_t begin = block * STREAM_BLOCK;
                    bioworkbench::add_background((*lanes)[block], *table, Real(weight), items + begin,
                                   int(std::min<size_t>(STREAM_BLOCK, receiver.size - begin)));
                }
            });
        });
    }

    void add_delivery(PlanReader& plan) {
        Array& space = plan.array();
        const int32_t chunk = int32_t(plan.whole()), begin = int32_t(plan.whole());
        deliveries.push_back(std::make_unique<Delivery>(groups, chunk));
        std::vector<const Recent*> lists;
        for (const int32_t source : sources) lists.push_back(recent.at(source).get());
        jobs.push_back([&space, begin, lists, &delivery = *deliveries.back()](int64_t step) {
            real(space, [&](auto* items) { delivery(lists, step, items + begin); });
        });
    }

    // Clock arrays of one thread: time and number of the step
    void add_clock(PlanReader& plan) {
        Array &t = plan.array(), &number = plan.array();
        const double dt = plan.real();
        jobs.push_back([&t, &number, dt](int64_t step) {
            *reinterpret_cast<double*>(t.data) = double(step) * dt;
            *reinterpret_cast<int64_t*>(number.data) = step;
        });
    }

    // threads, steps, phases; then for each phase and thread the number of its jobs and the jobs
    void run(PlanReader& plan) {
        const int n_threads = int(plan.whole());
        const int64_t n_steps = plan.whole(), n_phases = plan.whole();
        std::vector<std::vector<Job*>> lists(n_phases * n_threads);
        for (std::vector<Job*>& list : lists)
            for (int64_t n = plan.whole(); n > 0; --n) list.push_back(&jobs.at(plan.whole()));
        Barrier barrier(n_threads);
        const auto work = [&](int thread) {
            for (int64_t step = 0; step < n_steps; ++step) {
                for (int64_t phase = 0; phase < n_phases; ++phase) {
                    if (phase > 0 && n_threads > 1) barrier.wait();
                    for (Job* job : lists[phase * n_threads + thread]) (*job)(step);
                }
                if (thread == 0 && step * 100 / n_steps != (step + 1) * 100 / n_steps) std::printf("%lld\n", (long long)step + 1), std::fflush(stdout);
            }
        };
        std::vector<std::thread> others;
        for (int thread = 1; thread < n_threads; ++thread) others.emplace_back(work, thread);
        work(0);
        for (std::thread& other : others) other.join();
    }

public:
    bool obey(const std::string& order, PlanReader& plan) {
        if (order == "recent") recent.push_back(std::make_unique<Recent>(int32_t(plan.whole())));
        else if (order == "group") add_group(plan);
        else if (order == "projection") add_projection(plan);
        else if (order == "given") add_given(plan);
        else if (order == "draw") {
            const int n_threads = int(plan.whole());
            for (Group& group : groups) draw(group, n_threads);
        }
        else if (order == "job_call") add_call(plan);
        else if (order == "job_note") add_note(plan);
        else if (order == "job_record") add_record(plan);
        else if (order == "job_trace") add_trace(plan);
        else if (order == "job_background") add_background(plan);
        else if (order == "job_hold") add_hold(plan);
        else if (order == "job_release") add_release(plan);
        else if (order == "job_deliver") add_delivery(plan);
        else if (order == "job_clock") add_clock(plan);
        else if (order == "trial") {  // a key of this trial for each background
            for (auto& begin : streams) begin(plan.key());
        }
        else if (order == "parallel") run(plan);
        else return false;
        return true;
    }
};

}  // namespace bioworkbench
