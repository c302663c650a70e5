// The program that obeys a plan: what it holds, and which file does what. `things.cpp` makes arrays and all else that the plan names,
// `orders.cpp` sets arrays and says how runs go, `running.cpp` runs, and `main.cpp` reads the orders and writes what is left.
#ifndef BIOWORKBENCH_PROGRAM_H
#define BIOWORKBENCH_PROGRAM_H

#include <csignal>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "circuit.h"
#include "items.h"
#include "schedule.h"

namespace bioworkbench {

void seed_streams(uint64_t seed);
uint64_t random_seed();
extern volatile std::sig_atomic_t stopped;  // by Ctrl-C

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
    std::map<uint64_t, std::shared_ptr<Streams>> streams_;  // by key
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

    void add_array();
    void add_static();
    void add_view();
    std::unique_ptr<Action> new_action();
    void add_function();
    void add_push();
    void add_record();
    void add_trace();
    void add_sharing();
    void define_things();

    void mark();
    std::string three_words();
    void check_finite();
    void set_from_command_line();
    void define_values();
    void define_layouts();
    void define_runs();

    void check_and_flush(double t, bool is_last);
    void append(const std::string& name, Array& array);
    void leave_state(const Schedule& schedule);
    void run_segments(std::vector<Clock*>& clocks, const std::vector<Step>& steps);
    void run_network();

    void write_marks();
    void write(const std::string& name, const Array& array);
    void finish();

public:
    int run(std::vector<std::string> arguments);
};

}  // namespace bioworkbench

#endif
