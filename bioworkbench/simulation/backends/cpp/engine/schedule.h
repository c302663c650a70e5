// What is done in a step, and which thread does it.
//
// The neurons of a group are cut into ranges, one per thread: whole copies of the network where there are several, else blocks of
// neurons that share a random stream. A function that works on neurons is bound to one range after another by views of its arrays; one
// that spikes call is bound to the synapses whose targets lie in a range. Everything else is done by the first thread. Two things that
// touch the same array, one of them to write, are kept apart by a barrier, unless every thread has a range of it to itself. So each
// value is computed from the same values in the same order by any number of threads.
#ifndef BIOWORKBENCH_SCHEDULE_H
#define BIOWORKBENCH_SCHEDULE_H

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "barrier.h"
#include "engine.h"

namespace bioworkbench {

inline double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Neurons of all copies of a population; copies without a trial are not updated.
struct Neurons {
    int64_t n, copies, trials;
    int64_t active() const { return n / copies * trials; }

    Range of_thread(int thread, int n_threads) const {
        const auto border = [&](int64_t k) {
            if (k == n_threads) return n;
            return copies > 1 ? trials * k / n_threads * (n / copies) : std::min(n, (n + BLOCK - 1) / BLOCK * k / n_threads * BLOCK);
        };
        return {static_cast<int32_t>(border(thread)), static_cast<int32_t>(border(thread + 1))};
    }
};

// Neurons that spike in a step: one list, or one per thread, each with the number of its first neuron.
struct Events {
    std::vector<std::pair<Array*, int32_t>> lists;

    template <class Act>
    void each(Act act) const {
        for (const auto& [list, offset] : lists) {
            const int32_t* spikes = reinterpret_cast<const int32_t*>(list->data);
            act(spikes, spikes[list->size - 1], offset);
        }
    }
};

// How something uses an array: w as a whole, n by neuron, s by synapse, e a list of spikes; capitals write. c: nobody writes it in a step.
struct Access {
    Array* array;
    char mode;
    bool writes() const { return mode >= 'A' && mode <= 'Z'; }
    bool whole() const { return mode == 'w' || mode == 'W'; }
};

// A generated function, the pushing of spikes, or something recorded. A function has its arguments, a push its pathway.
struct Action {
    std::string name;
    bool profiled = false;
    double seconds = 0;
    const Function* function = nullptr;
    std::unique_ptr<Call> call;
    Pathway* pushes = nullptr;
    Array *events = nullptr, *delays = nullptr, *dt = nullptr;  // of a push; the events of what is recorded
    const Events* lists = nullptr;                              // where the events are
    std::function<void(const Events&)> other;
    std::vector<Access> accesses;
    int group = -1;                   // whose neurons threads can share
    int neurons = -1, size_slot = -1; // whose neurons a function goes over, and which number says how many they are
    std::vector<std::unique_ptr<Action>> parts;

    void run() {
        if (function) return function->run(*call);
        if (!pushes) return other(*lists);
        pushes->advance();
        lists->each([this](const int32_t* spikes, int32_t n, int32_t offset) { pushes->push(spikes, n, offset); });
    }
    void operator()() {
        if (!profiled) return run();
        const double begin = now();
        run();
        seconds += now() - begin;
    }
    void prepare() {
        const double width = dt->type == 'f' ? *reinterpret_cast<float*>(dt->data) : *reinterpret_cast<double*>(dt->data);
        pushes->prepare(*delays, width);
        pushes->resume();
    }
    double total_seconds() const {
        double sum = seconds;
        for (const auto& part : parts) sum += part->seconds;
        return sum;
    }
};

struct Step {
    int clock;  // among those of a run
    Action* action;
};

class Schedule {
    const int n_threads_;
    const std::vector<Neurons>& groups_;
    std::map<Array*, Events> events_;
    std::map<Pathway*, int> shared_;  // pathways that threads share, and whose neurons their targets are
    std::map<std::pair<Pathway*, int>, std::unique_ptr<Pathway>> pathways_;
    std::vector<std::unique_ptr<Array>> arrays_;
    std::vector<std::vector<std::vector<Step>>> phases_;  // by phase and thread
    Barrier barrier_;

    static bool apart(const Action& a, const Action& b) {
        for (const Access& one : a.accesses)
            for (const Access& other : b.accesses) {
                // Two that read do not disturb each other, and clocks move between steps only.
                if (one.array != other.array || (!one.writes() && !other.writes()) || one.mode == 'c' || other.mode == 'c') continue;
                // Of one group every thread has its own range in both, and nobody else looks at it.
                if (a.group < 0 || a.group != b.group || one.whole() || other.whole()) return false;
            }
        return true;
    }

    Array* made(std::unique_ptr<Array> array) {
        arrays_.push_back(std::move(array));
        return arrays_.back().get();
    }

    const Events* lists_of(Array* events) {
        Events& found = events_[events];
        if (found.lists.empty()) found.lists.emplace_back(events, 0);
        return &found;
    }

    static std::unique_ptr<Action> copied(const Action& whole) {
        auto part = std::make_unique<Action>();
        part->name = whole.name, part->profiled = whole.profiled, part->function = whole.function;
        if (!whole.call) return part;
        part->call = std::make_unique<Call>();
        part->call->arrays = whole.call->arrays, part->call->numbers = whole.call->numbers, part->call->tables = whole.call->tables;
        part->call->binomials = whole.call->binomials, part->call->pathway = whole.call->pathway;
        part->call->key = whole.call->key, part->call->of_copy = whole.call->of_copy;
        return part;
    }

    // A function for the neurons of a range
    std::unique_ptr<Action> cut(const Action& whole, Range range) {
        auto part = copied(whole);
        Call& call = *part->call;
        call.offset = range.begin;
        for (size_t k = 0; k < call.arrays.size(); k++) {
            const Access& access = whole.accesses[k];
            if (access.mode == 'n' || access.mode == 'N')
                call.arrays[k] = made(std::make_unique<Array>(*access.array, range.begin, range.end - range.begin));
            else if (access.mode == 'e' || access.mode == 'E')
                call.arrays[k] = list_of(access.array, range);
        }
        // Copies without a trial are the last: the range ends before them.
        const int64_t n = std::min<int64_t>(range.end, groups_[whole.group].active()) - range.begin;
        if (whole.size_slot >= 0) call.numbers.at(whole.size_slot).whole = std::max<int64_t>(n, 0);
        return part;
    }

    // The list of spikes of a range; a step begins with none
    Array* list_of(Array* events, Range range) {
        Events& lists = events_[events];
        for (const auto& [list, offset] : lists.lists)
            if (offset == range.begin) return list;
        // Each thread lists the spikes of its own range; who reads goes through the lists in order of the neurons.
        Array* list = made(std::make_unique<Array>('i', 4));
        list->resize(range.end - range.begin + 1);
        lists.lists.emplace_back(list, range.begin);
        return list;
    }

    Pathway* pathway_of(Pathway* whole, int thread) {
        auto& own = pathways_[{whole, thread}];
        if (!own) {
            own = std::make_unique<Pathway>(whole->sources, whole->targets, whole->start, whole->stop);
            own->copies = whole->copies, own->own_copies = whole->own_copies, own->n_target = whole->n_target;
            own->left = whole->left;
            own->mine = groups_[shared_[whole]].of_thread(thread, n_threads_);
        }
        return own.get();
    }

    // What each thread does of an action; null: nothing
    std::vector<Action*> split(Action& action) {
        std::vector<Action*> of_threads(n_threads_, nullptr);
        Pathway* pathway = action.function ? action.call->pathway : action.pushes;
        if (n_threads_ == 1 || (pathway ? !shared_.count(pathway) : action.group < 0)) {
            of_threads[0] = &action;
            if (action.size_slot >= 0) action.call->numbers.at(action.size_slot).whole = groups_[action.neurons].active();
            return of_threads;
        }
        const int group = pathway ? shared_[pathway] : action.group;
        for (int thread = 0; thread < n_threads_; thread++) {
            const Range range = groups_[group].of_thread(thread, n_threads_);
            if (range.begin == range.end) continue;
            auto part = pathway ? copied(action) : cut(action, range);
            if (pathway && action.function)
                part->call->pathway = pathway_of(pathway, thread);
            else if (pathway)
                part->pushes = pathway_of(pathway, thread), part->events = action.events, part->delays = action.delays, part->dt = action.dt;
            of_threads[thread] = part.get();
            action.parts.push_back(std::move(part));
        }
        return of_threads;
    }

public:
    Schedule(const std::vector<Step>& steps, const std::vector<Neurons>& groups, int n_threads, bool prepares)
        : n_threads_(n_threads), groups_(groups), barrier_(n_threads) {
        for (const Step& step : steps)  // a pathway is shared if all that its spikes call can be
            if (step.action->function && step.action->call->pathway) {
                auto [found, is_new] = shared_.emplace(step.action->call->pathway, step.action->group);
                if (!is_new && found->second != step.action->group) found->second = -1;
            }
        for (auto each = shared_.begin(); each != shared_.end();) each = each->second < 0 ? shared_.erase(each) : std::next(each);
        std::vector<Action*> together;
        for (const Step& step : steps) {
            // What comes joins the phase of those before it, as long as no thread can meet a value there that another one
            // changes. Otherwise a new phase begins, behind a barrier.
            bool begins = phases_.empty();
            for (const Action* other : together) begins = begins || !apart(*step.action, *other);
            if (begins && (n_threads_ > 1 || phases_.empty())) {
                phases_.emplace_back(n_threads_);
                together.clear();
            }
            together.push_back(step.action);
            const std::vector<Action*> of_threads = split(*step.action);
            for (int thread = 0; thread < n_threads_; thread++)
                if (of_threads[thread]) phases_.back()[thread].push_back({step.clock, of_threads[thread]});
        }
        if (phases_.empty()) phases_.emplace_back(n_threads_);
        for (auto& phase : phases_)
            for (auto& list : phase)
                for (Step& step : list) {
                    if (step.action->events) step.action->lists = lists_of(step.action->events);
                    if (step.action->pushes && prepares) step.action->prepare();
                }
    }

    // The pathway as the threads have it
    std::vector<const Pathway*> parts_of(Pathway* whole) const {
        std::vector<const Pathway*> parts;
        for (auto each = pathways_.lower_bound({whole, 0}); each != pathways_.end() && each->first.first == whole; ++each)
            parts.push_back(each->second.get());
        return parts.empty() ? std::vector<const Pathway*>{whole} : parts;
    }

    // One step of a thread; when all have done theirs, `last` is done once.
    template <class Act>
    void step(int thread, const std::vector<char>& ticks, Act last) {
        for (size_t phase = 0; phase < phases_.size(); phase++) {
            for (const Step& step : phases_[phase][thread])
                if (ticks[step.clock]) (*step.action)();
            if (phase + 1 == phases_.size())
                barrier_.wait(last);
            else
                barrier_.wait();
        }
    }
};

}  // namespace bioworkbench

#endif
