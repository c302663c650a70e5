// The fixed program: reads a plan, makes the arrays and calls it names, and does what it lists, in order. What the plan names and this
// program or a file lacks is an error; nothing is taken for zero.
#include <ctime>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "circuit.h"
#include "engine.h"
#include "schedule.h"

namespace bioworkbench {
void seed_streams(uint64_t seed);
}
using namespace bioworkbench;

namespace {

volatile std::sig_atomic_t stopped = 0;

[[noreturn]] void fail(const std::string& words, int code) {
    std::cout.flush();
    std::cerr << words << std::endl;
    std::_Exit(code);
}

int32_t item_size(char type) {
    switch (type) {
        case 'd': case 'l': case 'v': return 8;
        case 'f': case 'i': case 'u': return 4;
        case 's': case 'h': return 2;
        case 'b': case 'c': return 1;
    }
    fail(std::string("the plan has an array of unknown type ") + type, 5);
}

// Calls `act` with a typed pointer to an array's items.
template <typename Act>
void typed(Array& array, Act act) {
    switch (array.type) {
        case 'd': return act(reinterpret_cast<double*>(array.data));
        case 'f': return act(reinterpret_cast<float*>(array.data));
        case 'l': return act(reinterpret_cast<int64_t*>(array.data));
        case 'v': return act(reinterpret_cast<uint64_t*>(array.data));
        case 'i': return act(reinterpret_cast<int32_t*>(array.data));
        case 'u': return act(reinterpret_cast<uint32_t*>(array.data));
        case 's': return act(reinterpret_cast<int16_t*>(array.data));
        case 'h': return act(reinterpret_cast<uint16_t*>(array.data));
        default: return act(reinterpret_cast<int8_t*>(array.data));
    }
}

bool is_real(const Array& array) { return array.type == 'd' || array.type == 'f'; }

double real_at(Array& array, size_t k) {
    double value = 0;
    typed(array, [&](auto* items) { value = static_cast<double>(items[array.place(k)]); });
    return value;
}

int64_t whole_at(Array& array, size_t k) {
    int64_t value = 0;
    typed(array, [&](auto* items) { value = static_cast<int64_t>(items[array.place(k)]); });
    return value;
}

// Sets items `places` (all, if there are none) of one array to those of another, whose type may differ.
void copy_items(Array& to, Array* places, Array& from) {
    const size_t n = places ? places->size : to.size;
    if (from.size < n) fail("the plan sets " + std::to_string(n) + " items from an array of " + std::to_string(from.size), 5);
    for (size_t k = 0; k < n; k++) {
        const size_t place = places ? static_cast<size_t>(whole_at(*places, k)) : k;
        if (place >= to.size) fail("the plan sets item " + std::to_string(place) + " of an array of " + std::to_string(to.size), 5);
        if (!is_real(to) && !is_real(from)) {
            const int64_t value = whole_at(from, k);
            typed(to, [&](auto* items) { items[place] = static_cast<std::decay_t<decltype(*items)>>(value); });
        } else {
            const double value = real_at(from, k);
            typed(to, [&](auto* items) { items[place] = static_cast<std::decay_t<decltype(*items)>>(value); });
        }
    }
}

void fill(Array& array, size_t begin, size_t end, const std::string& number) {
    if (end > array.size) fail("the plan sets item " + std::to_string(begin) + " of an array of " + std::to_string(array.size), 5);
    const double real = std::strtod(number.c_str(), nullptr);
    const int64_t whole = std::strtoll(number.c_str(), nullptr, 10);
    typed(array, [&](auto* items) {
        using T = std::decay_t<decltype(*items)>;
        // Whole numbers beyond 2**53 would be rounded on the way through floating point.
        const bool exact = std::is_integral_v<T> && number.find_first_of(".eEnNxX") == std::string::npos;
        std::fill(items + begin, items + end, exact ? static_cast<T>(whole) : static_cast<T>(real));
    });
}

void load(Array& array, size_t n, const std::string& path) {
    array.resize(n);
    FILE* file = std::fopen(path.c_str(), "rb");
    if (!file) fail("cannot open " + path, 5);
    // A file that is longer than it should be is as wrong as one that is shorter: both are of another network.
    const size_t n_read = std::fread(array.data, array.item, n, file);
    if (n_read != n || std::fgetc(file) != EOF) fail(path + " does not hold " + std::to_string(n) + " items", 5);
    std::fclose(file);
}

// Loads a file as long as it is.
void load_all(Array& array, char type, const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) fail("cannot open " + path, 5);
    Array stored(type, item_size(type));
    load(stored, static_cast<size_t>(file.tellg()) / stored.item, path);
    array.resize(stored.size);
    copy_items(array, nullptr, stored);
}

struct Clock {
    Array *timestep, *dt, *t;
    int64_t end = 0;

    double* time() { return reinterpret_cast<double*>(t->data); }
    int64_t* step() { return reinterpret_cast<int64_t*>(timestep->data); }
    double width() { return *reinterpret_cast<double*>(dt->data); }

    int64_t step_at(double when) {  // the first step that is not before
        // Brian2's rule: a time that rounding has moved just past a step still is that step.
        const int64_t nearest = std::llround(when / width());
        const double there = nearest * width();
        return there == when || std::fabs(there - when) <= 1e-14 * std::fabs(there) ? nearest : static_cast<int64_t>(std::ceil(when / width()));
    }
    void set_interval(double from, double to) {
        *step() = step_at(from);
        *time() = *step() * width();
        end = step_at(to);
    }
    void tick() { *time() = ++*step() * width(); }
    bool running() { return *step() < end; }
};

// A number for a name, the same in every program
uint64_t key_of(const std::string& name) {
    uint64_t key = 0xcbf29ce484222325;
    for (const char letter : name) key = (key ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
    return mixed(key);
}

std::string in_words(double seconds) {
    std::string words;
    int remaining = static_cast<int>(seconds);
    for (const auto& [length, letter] : {std::pair(86400, "d"), {3600, "h"}, {60, "m"}, {1, "s"}}) {
        if (const int n = remaining / length; n > 0 || !words.empty()) words += (words.empty() ? "" : " ") + std::to_string(n) + letter;
        remaining %= length;
    }
    return words.empty() ? "< 1s" : words;
}

class Program {
    std::ifstream plan_;
    std::map<std::string, std::function<void()>> orders_;
    std::vector<std::unique_ptr<Array>> arrays_, blocks_;
    std::vector<std::unique_ptr<std::vector<int32_t>>> sortings_;  // of synapses
    std::vector<Clock> clocks_;
    std::vector<std::unique_ptr<Pathway>> pathways_;
    std::vector<std::unique_ptr<Table>> tables_;
    std::vector<std::unique_ptr<Binomial>> binomials_;
    std::vector<std::unique_ptr<Action>> actions_;
    std::map<std::string, Array*> by_name_;  // what the command line may set
    std::map<std::string, double> network_time_;
    std::map<std::string, const Function*> by_function_;
    std::vector<std::string> settings_;
    Circuit circuit_;
    PlanReader reader_{[this] { return word(); }, [this] { return whole(); }, [this] { return std::stoull(word()); },
                       [this] { return real(); }, [this]() -> Array& { return array(); },
                       [this] { return std::function<void()>([&chosen = action()] { chosen(); }); }};
    std::vector<double> marks_;  // seconds since the start, when parts of the plan were done
    double started_ = now(), processor_ = 0;
    std::string results_ = "results/";
    struct Check {
        Array* array;
        std::string words;  // kind, owner and variable, which are read again where the value became NaN
    };
    struct Flush {
        Array* array;
        std::string name;  // "-": only emptied
    };
    std::vector<Check> checks_;
    std::vector<Flush> flushes_, last_;  // after each segment, and after the last one
    struct Left {
        Pathway* pathway;
        std::string name;
    };
    std::vector<Left> left_;  // pathways whose spikes on their way are written after the last step
    std::string left_streams_;  // where random streams are written then, if they are
    std::vector<std::unique_ptr<Array>> on_their_way_;
    std::vector<Neurons> groups_;
    int n_threads_ = 1;
    uint64_t n_trials_ = 1;
    bool is_job_ = false;  // which environment variables say what differs between runs
    bool only_counts_ = false;  // of spikes, when they happen does not matter
    int64_t n_steps_ = 0, segment_ = 0, first_step_ = 0;  // of a run that is cut into segments; steps of the runs before it
    double step_ = 0, begun_ = now();
    double maximum_run_time_ = -1, last_run_time_ = 0, last_fraction_ = 0;

    std::string word() {
        std::string text;
        if (!(plan_ >> text)) fail("the plan ends in the middle of a line", 5);
        return text;
    }
    int64_t whole() { return std::stoll(word()); }
    double real() { return std::strtod(word().c_str(), nullptr); }
    Array& array() { return *arrays_.at(whole()); }
    Action& action() { return *actions_.at(whole()); }
    template <typename Item, typename Read>
    void read_list(std::vector<Item>& list, Read read) {
        for (int64_t n = whole(); n > 0; n--) list.push_back(read());
    }

    void add_array() {
        const std::string type = word();
        arrays_.push_back(std::make_unique<Array>(type[0], item_size(type[0])));
        arrays_.back()->resize(whole());
        arrays_.back()->columns = static_cast<int32_t>(whole());
    }
    void add_static() {
        const std::string type = word();
        arrays_.push_back(std::make_unique<Array>(type[0], item_size(type[0])));
        const size_t n = whole();
        load(*arrays_.back(), n, word());
    }
    // Some items of another array, under a number of its own
    void add_view() {
        Array& whole_array = array();
        const size_t begin = whole(), n = whole();
        if (begin + n > whole_array.size) fail("the plan has a view beyond the end of an array", 5);
        arrays_.push_back(std::make_unique<Array>(whole_array, begin, n));
    }
    void mark() {
        marks_.push_back(now() - started_);
        processor_ = double(std::clock()) / CLOCKS_PER_SEC;
    }
    void write_marks() {  // the last number is processor time since the last mark
        std::ofstream file(results_ + "marks");
        for (const double seconds : marks_) file << seconds << "\n";
        file << now() - started_ << "\n" << double(std::clock()) / CLOCKS_PER_SEC - processor_ << std::endl;
        if (!file) fail("cannot write " + results_ + "marks", 6);
    }
    std::string three_words() {
        const std::string first = word(), second = word();
        return first + " " + second + " " + word();
    }
    void check_finite() {
        const std::string words = three_words(), time = word();
        Array& values = array();
        if (!is_real(values)) return;
        typed(values, [&](auto* items) {
            for (size_t k = 0; k < values.size; k++)
                if (!std::isfinite(double(items[k]))) fail(words + " " + time + " " + std::to_string(k), 4);
        });
    }
    std::unique_ptr<Action> new_action() {
        auto added = std::make_unique<Action>();
        added->name = word();
        added->profiled = whole();
        return added;
    }
    void add_function() {
        auto added = new_action();
        const std::string function = word(), types = word(), streams = word();
        if (!by_function_.count(function)) fail("the program has no function " + function, 5);
        added->function = by_function_[function];
        if (types != added->function->types) fail("the plan binds other types than function " + function + " takes", 5);
        added->call = std::make_unique<Call>();
        added->call->key = key_of(streams);
        read_list(added->call->arrays, [&] { return &array(); });
        read_list(added->call->numbers, [&] {
            Number number;
            const std::string type = word();
            if (type == "w") number.whole = whole();
            else number.real = real();
            return number;
        });
        read_list(added->call->tables, [&] { return tables_.at(whole()).get(); });
        read_list(added->call->binomials, [&] { return binomials_.at(whole()).get(); });
        read_list(added->call->registered, [&] { return &array(); });
        if (const int64_t pathway = whole(); pathway >= 0) added->call->pathway = pathways_.at(pathway).get();
        for (Array* used : added->call->arrays) added->accesses.push_back({used, 'W'});
        actions_.push_back(std::move(added));
    }
    void add_push() {
        auto added = new_action();
        added->pushes = pathways_.at(whole()).get();
        added->events = &array(), added->delays = &array(), added->dt = &array();
        added->accesses = {{added->events, 'w'}};
        actions_.push_back(std::move(added));
    }
    // Spikes of a group: their neurons and times, and how many there are, of all and of each neuron; or these counts alone
    void add_record() {
        auto added = new_action();
        added->events = &array();
        Array &time = array(), &neurons = array(), &times = array(), &n = array(), &counts = array();
        added->accesses = {{added->events, 'w'}, {&neurons, 'W'}, {&times, 'W'}, {&n, 'W'}, {&counts, 'W'}};
        added->other = [this, &time, &neurons, &times, &n, &counts](const Events& events) {
            double t = *reinterpret_cast<double*>(time.data);
            if (first_step_) t = (std::rint(t / step_) - first_step_) * step_;  // from the start of this run
            events.each([&](const int32_t* spikes, int32_t n_spikes, int32_t offset) {
                int32_t* of_neuron = reinterpret_cast<int32_t*>(counts.data) + offset;
                for (int32_t k = 0; k < n_spikes; k++) of_neuron[spikes[k]]++;
                if (only_counts_) return;
                const size_t before = neurons.size;
                Vector<int32_t>(neurons).append(spikes, n_spikes);
                for (size_t k = before; offset && k < neurons.size; k++) Vector<int32_t>(neurons)[k] += offset;
                Vector<double>(times).append(n_spikes, t);
                *reinterpret_cast<int32_t*>(n.data) += n_spikes;
            });
        };
        actions_.push_back(std::move(added));
    }
    // Rows of some items of arrays, and their times
    void add_trace() {
        auto added = new_action();
        Array &time = array(), &times = array(), &n = array(), &places = array();
        std::vector<std::pair<Array*, Array*>> pairs;
        read_list(pairs, [&] {
            Array *values = &array(), *rows = &array();
            return std::pair(values, rows);
        });
        added->accesses = {{&times, 'W'}, {&n, 'W'}};
        for (const auto& [values, rows] : pairs) added->accesses.push_back({values, 'w'}), added->accesses.push_back({rows, 'W'});
        added->other = [&time, &times, &n, &places, pairs](const Events&) {
            Vector<double>(times).push_back(*reinterpret_cast<double*>(time.data));
            const int32_t* place = reinterpret_cast<const int32_t*>(places.data);
            for (const auto& [values, rows] : pairs) {
                const size_t before = rows->size;
                rows->columns = static_cast<int32_t>(places.size);
                rows->resize(before + places.size);
                typed(*rows, [&](auto* items) {  // whose type may be another
                    using T = std::decay_t<decltype(*items)>;
                    typed(*values, [&](auto* from) {
                        for (size_t k = 0; k < places.size; k++)
                            items[before + k] = static_cast<T>(from[values->size > 1 ? values->place(place[k]) : 0]);
                    });
                });
            }
            *reinterpret_cast<int32_t*>(n.data) = static_cast<int32_t>(times.size);
        };
        static const Events nothing{};
        added->lists = &nothing;
        actions_.push_back(std::move(added));
    }
    // Which threads may do a function: the group whose neurons they share, or -1; the group whose neurons it goes over, or -1, and which
    // number says how many; how many neurons a copy of the network has; how the function uses its arrays
    void add_sharing() {
        Action& shared = action();
        shared.group = static_cast<int>(whole());
        shared.neurons = static_cast<int>(whole());
        shared.size_slot = static_cast<int>(whole());
        shared.call->of_copy = whole();
        const std::string modes = word();
        if (modes.size() != shared.accesses.size()) fail("the plan does not say how " + shared.name + " uses its arrays", 5);
        for (size_t k = 0; k < modes.size(); k++) shared.accesses[k].mode = modes[k];
    }

    void set_from_command_line() {
        for (const std::string& setting : settings_) {
            const size_t at = setting.find('=');
            const std::string name = setting.substr(0, at), value = setting.substr(at + 1);
            if (at == std::string::npos || !by_name_.count(name)) fail("Cannot set unknown variable '" + name + "'.", 1);
            Array& array = *by_name_[name];
            if (value == "true" || value == "True" || value == "false" || value == "False")
                fill(array, 0, array.size, std::tolower(value[0]) == 't' ? "1" : "0");
            else if (value[0] == '-' || (value[0] >= '0' && value[0] <= '9'))
                fill(array, 0, array.size, value);
            else
                load(array, array.size, value);
        }
    }

    void report(int where, double elapsed, double done, double begin, double duration) {
        std::ostream& out = where == 2 ? std::cerr : std::cout;
        if (done == 0.0) {
            out << "Starting simulation at t=" << begin << " s for duration " << duration << " s";
        } else {
            out << done * duration << " s (" << static_cast<int>(done * 100.) << "%) simulated in " << in_words(elapsed);
            if (done < 1.0) out << ", estimated " << in_words(static_cast<int>((1 - done) / done * elapsed + 0.5)) << " remaining.";
        }
        out << std::endl;
    }

    // Marks the clocks that tick next, and gives one of them. Times of clocks that tick together differ by rounding errors only.
    static Clock* next(std::vector<Clock*>& clocks, std::vector<char>& ticks) {
        if (clocks.empty()) return nullptr;
        Clock* first = *std::min_element(clocks.begin(), clocks.end(), [](Clock* a, Clock* b) { return *a->time() < *b->time(); });
        for (size_t k = 0; k < clocks.size(); k++)
            ticks[k] = std::fabs(*clocks[k]->time() - *first->time()) <= 1e-4 * std::min(first->width(), clocks[k]->width());
        return first;
    }

    static uint64_t from_environment(const char* name) {
        const char* value = std::getenv(name);
        if (!value) fail(std::string("the environment lacks ") + name, 5);
        return std::strtoull(value, nullptr, 10);
    }

    void check_and_flush(double t, bool is_last) {
        for (const Check& check : checks_)
            typed(*check.array, [&](auto* items) {
                for (size_t k = 0; k < check.array->size; k++)
                    if (!std::isfinite(static_cast<double>(items[check.array->place(k)])))
                        fail(check.words + " " + std::to_string(t) + " " + std::to_string(k), 4);
            });
        for (const Flush& flush : flushes_) {
            if (flush.name != "-") append(flush.name, *flush.array);
            flush.array->resize(0);
        }
        if (!is_last) return;
        for (const Flush& flush : last_) append(flush.name, *flush.array);
    }

    // Appends what was recorded, in the order in which it was loaded; numbers in single precision are written in double.
    void append(const std::string& name, Array& array) {
        if (array.size == 0) return;
        const bool as_it_is = array.type != 'f' && array.step == 1 && !array.stored_at;
        Array written(array.type == 'f' ? 'd' : array.type, array.type == 'f' ? 8 : array.item);
        if (!as_it_is) {
            written.resize(array.size);
            copy_items(written, nullptr, array);
        }
        const Array& from = as_it_is ? array : written;
        FILE* file = std::fopen((results_ + name).c_str(), "ab");
        const bool whole = file && std::fwrite(from.data, from.item, from.size, file) == from.size;
        if (!whole || std::fclose(file)) fail("cannot write " + name, 6);
    }

    // What another run needs besides values: spikes on their way and random streams
    void leave_state(const Schedule& schedule) {
        for (const Left& left : left_) {
            Array spikes('l', 8);
            for (const Pathway* part : schedule.parts_of(left.pathway)) part->waiting(spikes);
            append(left.name, spikes);
        }
        if (left_streams_.empty()) return;
        Array words('v', 8);
        for (const auto& action : actions_) {
            if (action->call) action->call->leave_streams(words);
            for (const auto& part : action->parts)
                if (part->call) part->call->leave_streams(words);
        }
        append(left_streams_, words);
    }

    // Threads go through the steps together. What is written after a segment, and the clocks, are the last one's to do.
    void run_segments(std::vector<Clock*>& clocks, const std::vector<Step>& steps) {
        std::vector<char> ticks(clocks.size());
        Schedule schedule(steps, groups_, n_threads_, true);
        const double loaded = now();
        const std::clock_t processor = std::clock();
        int64_t done = 0, last = 0;
        const auto begin_segment = [&] {
            last = std::min(done + segment_, n_steps_);
            for (Clock* clock : clocks) clock->set_interval((first_step_ + done) * step_, (first_step_ + last) * step_);
        };
        const auto choose = [&] {
            Clock* clock = next(clocks, ticks);
            return clock && clock->running();
        };
        const auto advance = [&] {
            for (size_t k = 0; k < clocks.size(); k++)
                if (ticks[k]) clocks[k]->tick();
            while (!choose()) {
                check_and_flush((first_step_ + last) * step_, last == n_steps_);
                if (last == n_steps_) leave_state(schedule);
                std::printf("%lld\n", static_cast<long long>(last));
                std::fflush(stdout);
                done = last;
                if (done == n_steps_) return;
                begin_segment();
            }
        };
        begin_segment();
        choose();
        const auto work = [&](int thread) {
            while (done < n_steps_) schedule.step(thread, ticks, advance);
        };
        std::vector<std::thread> others;
        for (int thread = 1; thread < n_threads_; thread++) others.emplace_back(work, thread);
        work(0);
        for (std::thread& other : others) other.join();
        const double seconds[3] = {loaded - begun_, now() - loaded, static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC};
        Array timing('d', 8);
        timing.resize(3);
        std::copy(seconds, seconds + 3, reinterpret_cast<double*>(timing.data));
        append("seconds", timing);
    }

    void run_network() {
        double& t = network_time_[word()];
        const double begin = t, duration = real();
        const int where = static_cast<int>(whole());  // reports: 0 nowhere, 1 to stdout, 2 to stderr
        const double period = real();
        std::vector<Clock*> clocks;
        read_list(clocks, [&] { return &clocks_.at(whole()); });
        std::vector<Step> steps;
        read_list(steps, [&] {
            const int clock = static_cast<int>(whole());
            return Step{clock, &action()};
        });
        if (n_steps_) return run_segments(clocks, steps);
        for (Clock* clock : clocks) clock->set_interval(begin, begin + duration);
        std::vector<char> ticks(clocks.size());
        Schedule schedule(steps, groups_, 1, false);
        const double started = now();
        double next_report = period, elapsed = 0;
        bool early = false;
        if (where) report(where, 0, 0, begin, duration);
        stopped = 0;
        Clock* clock = next(clocks, ticks);
        while (clock && clock->running() && !stopped) {
            schedule.step(0, ticks, [&] {
                for (size_t k = 0; k < clocks.size(); k++)
                    if (ticks[k]) clocks[k]->tick();
            });
            clock = next(clocks, ticks);
            if (!where && maximum_run_time_ < 0) continue;
            elapsed = now() - started;
            if (where && elapsed > next_report) {
                report(where, elapsed, (*clock->time() - begin) / duration, begin, duration);
                next_report += period;
            }
            if ((early = maximum_run_time_ >= 0 && elapsed > maximum_run_time_)) break;
        }
        t = (early || stopped) && clock ? *clock->time() : begin + duration;
        last_run_time_ = now() - started;
        last_fraction_ = duration > 0 ? (t - begin) / duration : 1.0;
        if (where) report(where, last_run_time_, last_fraction_, begin, duration);
    }

    void write(const std::string& name, const Array& array) {
        const std::string path = results_ + name;
        FILE* file = std::fopen(path.c_str(), "wb");
        const bool whole = file && std::fwrite(array.data, array.item, array.size, file) == array.size;
        if (!whole || std::fclose(file)) fail("cannot write " + path, 6);
    }

    void finish() {
        if (!marks_.empty()) write_marks();
        std::ofstream information(results_ + "last_run_info.txt");
        information << last_run_time_ << " " << last_fraction_ << std::endl;
        if (!information) fail("cannot write " + results_ + "last_run_info.txt", 6);
        bool any = false;
        for (const auto& action : actions_) any = any || action->profiled;
        if (!any) return;
        std::ofstream profile(results_ + (n_steps_ ? "profile" : "profiling_info.txt"));
        for (const auto& action : actions_)
            if (action->profiled) profile << action->name << "\t" << action->total_seconds() << std::endl;
        if (!profile) fail("cannot write " + results_ + "profiling_info.txt", 6);
    }

    // What the plan makes. Everything is numbered in the order in which it is made.
    void define_things() {
        orders_["array"] = [this] { add_array(); };
        orders_["static"] = [this] { add_static(); };
        orders_["function"] = [this] { add_function(); };
        orders_["push"] = [this] { add_push(); };
        orders_["record"] = [this] { add_record(); };
        orders_["trace"] = [this] { add_trace(); };
        orders_["share"] = [this] { add_sharing(); };
        orders_["neurons"] = [this] {
            const int64_t n = whole(), copies = whole();
            groups_.push_back({n, copies, is_job_ && copies > 1 ? static_cast<int64_t>(n_trials_) : copies});
        };
        orders_["name"] = [this] {
            const std::string name = word();
            by_name_[name] = &array();
        };
        orders_["clock"] = [this] {
            Array &step = array(), &dt = array(), &t = array();
            clocks_.push_back({&step, &dt, &t});
        };
        orders_["pathway"] = [this] {
            Array &sources = array(), &targets = array();
            const int64_t start = whole(), stop = whole();
            pathways_.push_back(std::make_unique<Pathway>(&sources, &targets, static_cast<int32_t>(start), static_cast<int32_t>(stop)));
        };
        orders_["table"] = [this] {
            Array& values = array();
            const int32_t rows = static_cast<int32_t>(whole()), columns = static_cast<int32_t>(whole());
            const int32_t upsampling = static_cast<int32_t>(whole());
            const double dt = real();
            tables_.push_back(std::make_unique<Table>(Table{&values, rows, columns, upsampling, dt, real()}));
        };
        orders_["binomial"] = [this] {
            const int64_t n = whole();
            const double p = real();
            binomials_.push_back(std::make_unique<Binomial>(n, p, whole()));
        };
    }

    // What sets arrays, before and between runs.
    void define_values() {
        orders_["settings"] = [this] { set_from_command_line(); };
        orders_["arange"] = [this] {
            Array& to = array();
            const int64_t from = whole();
            typed(to, [&](auto* items) {
                for (size_t k = 0; k < to.size; k++) items[k] = static_cast<std::decay_t<decltype(*items)>>(from + static_cast<int64_t>(k));
            });
        };
        orders_["fill"] = [this] {
            Array& to = array();
            fill(to, 0, to.size, word());
        };
        orders_["item"] = [this] {
            Array& to = array();
            const int64_t k = whole();
            const size_t place = k < 0 ? k + to.size : k;
            fill(to, place, place + 1, word());
        };
        orders_["copy"] = [this] {
            Array& to = array();
            copy_items(to, nullptr, array());
        };
        orders_["scatter"] = [this] {
            Array &to = array(), &places = array();
            copy_items(to, &places, array());
        };
        orders_["resize"] = [this] {
            Array& to = array();
            to.resize(whole());
        };
        orders_["view"] = [this] { add_view(); };
        orders_["silence"] = [this] {
            Array& events = array();
            fill(events, events.size - 1, events.size, "0");
        };
        orders_["load"] = [this] {
            Array& to = array();
            const std::string type = word();
            if (type[0] == to.type) return load(to, to.size, word());
            Array stored(type[0], item_size(type[0]));
            load(stored, to.size, word());
            copy_items(to, nullptr, stored);
        };
        orders_["load_all"] = [this] {
            Array& to = array();
            const std::string type = word();
            load_all(to, type[0], word());
        };
        orders_["seed"] = [this] {
            const std::string seed = word();
            seed_streams(seed == "random" ? random_seed() : std::stoull(seed));
        };
    }

    // Where loaded synapses are moved to.
    void define_layouts() {
        orders_["interleave"] = [this] {
            std::vector<Array*> parts;
            read_list(parts, [&] { return &array(); });
            // Wide items first, so that each begins at a multiple of its size
            std::stable_sort(parts.begin(), parts.end(), [](Array* a, Array* b) { return a->item > b->item; });
            size_t width = 0, at = 0;
            for (const Array* part : parts) width += part->item;
            width = (width + parts[0]->item - 1) / parts[0]->item * parts[0]->item;
            auto block = std::make_unique<Array>('c', 1);
            block->resize(parts[0]->size * width);
            for (Array* part : parts) {
                part->move_to(block->data + at, width / part->item);
                at += part->item;
            }
            blocks_.push_back(std::move(block));
        };
        orders_["by_target"] = [this] {
            Array& targets = array();
            std::vector<int32_t> rows(whole() + 1, 0);
            const int32_t* target = reinterpret_cast<const int32_t*>(targets.data);
            const size_t n = targets.size;
            for (size_t k = 0; k < n; k++) rows.at(target[k] + 1)++;
            for (size_t j = 1; j < rows.size(); j++) rows[j] += rows[j - 1];
            auto places = std::make_unique<std::vector<int32_t>>(n);
            std::vector<int32_t> next(rows);
            for (size_t k = 0; k < n; k++) (*places)[k] = next[target[k]]++;
            std::vector<Array*> parts;
            read_list(parts, [&] { return &array(); });
            for (Array* part : parts)
                if (part->size == n) part->reorder(*places);  // what all synapses share has one item
            targets.rows = std::move(rows);
            sortings_.push_back(std::move(places));
        };
    }

    // What happens in a run, and how it is run.
    void define_runs() {
        orders_["call"] = [this] { action()(); };
        orders_["mark"] = [this] { mark(); };
        orders_["finite"] = [this] { check_finite(); };
        orders_["prepare"] = [this] {
            Action& push = action();
            if (!is_job_) push.prepare();  // a job has one run, which prepares what its threads need
        };
        orders_["job"] = [this] {
            is_job_ = true;
            seed_streams(from_environment("BIOWORKBENCH_SEED"));
            n_trials_ = from_environment("BIOWORKBENCH_TRIALS");
            first_trial = from_environment("BIOWORKBENCH_FIRST");
            n_threads_ = static_cast<int>(from_environment("BIOWORKBENCH_THREADS"));
            only_counts_ = from_environment("BIOWORKBENCH_COUNTS") != 0;
        };
        orders_["run"] = [this] { run_network(); };
        orders_["maximum_run_time"] = [this] { maximum_run_time_ = real(); };
        orders_["interruptible"] = [] {
            std::signal(SIGINT, [](int signal) {
                if (stopped) {
                    std::signal(signal, SIG_DFL);
                    std::raise(signal);
                }
                stopped = 1;
            });
        };
        orders_["copies"] = [this] {
            Pathway& pathway = *pathways_.at(whole());
            pathway.n_target = static_cast<int32_t>(whole());
            pathway.copies = static_cast<int32_t>(whole());
            pathway.own_copies = static_cast<int32_t>(whole());
        };
        orders_["check"] = [this] {
            Array& array_ = array();
            checks_.push_back({&array_, three_words()});
        };
        orders_["flush"] = [this] {
            Array& array_ = array();
            flushes_.push_back({&array_, word()});
        };
        orders_["counts"] = [this] {
            Array& array_ = array();
            const std::string name = word();
            if (only_counts_) last_.push_back({&array_, name});
        };
        orders_["last"] = [this] {
            Array& array_ = array();
            last_.push_back({&array_, word()});
        };
        orders_["segments"] = [this] {
            n_steps_ = whole();
            segment_ = whole();
            step_ = real();
            first_step_ = whole();
        };
        orders_["leave_spikes"] = [this] {
            Pathway& pathway = *pathways_.at(whole());
            left_.push_back({&pathway, word()});
        };
        orders_["leave_streams"] = [this] { left_streams_ = word(); };
        orders_["spikes_left"] = [this] {
            Pathway& pathway = *pathways_.at(whole());
            on_their_way_.push_back(std::make_unique<Array>('l', 8));
            load_all(*on_their_way_.back(), 'l', word());
            pathway.left = on_their_way_.back().get();
        };
        orders_["streams_left"] = [this] {
            Array words('v', 8);
            load_all(words, 'v', word());
            const uint64_t* row = reinterpret_cast<const uint64_t*>(words.data);
            for (size_t k = 0; k + 1 + Stream::N_WORDS < words.size; k += 2 + Stream::N_WORDS)
                left_streams.emplace(std::pair(row[k], static_cast<int64_t>(row[k + 1])), Stream(row + k + 2));
        };
        orders_["result"] = [this] {
            const std::string name = word();
            write(name, array());
        };
    }

    static uint64_t random_seed() {
        std::random_device device;
        return (static_cast<uint64_t>(device()) << 32) + device();
    }

public:
    int run(std::vector<std::string> arguments) {
        if (arguments.size() >= 2 && arguments[0] == "--results_dir") {
            results_ = arguments[1];
            arguments.erase(arguments.begin(), arguments.begin() + 2);
        }
        settings_ = arguments;
        for (const Function* function = known_functions; function; function = function->next) by_function_[function->name] = function;
        define_things();
        define_values();
        define_layouts();
        define_runs();
        seed_streams(random_seed());
        plan_.open("plan.txt");
        std::string order;
        if (!(plan_ >> order) || order != "plan" || word() != "1") fail("plan.txt is missing or of another version", 5);
        while (plan_ >> order && order != "end") {
            if (circuit_.obey(order, reader_)) continue;
            if (!orders_.count(order)) fail("the plan has an unknown order: " + order, 5);
            orders_[order]();
        }
        if (order != "end") fail("the plan has no end", 5);
        finish();
        return 0;
    }
};

}  // namespace

int main(int argc, char** argv) { return Program().run(std::vector<std::string>(argv + 1, argv + argc)); }
