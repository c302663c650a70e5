// What a plan does with what it made: values of arrays, where they lie, and how runs go.
#include <csignal>
#include <ctime>
#include <random>

#include "program.h"

namespace bioworkbench {

uint64_t random_seed() {
    std::random_device device;
    return (static_cast<uint64_t>(device()) << 32) + device();
}

namespace {

uint64_t from_environment(const char* name) {
    const char* value = std::getenv(name);
    if (!value) fail(std::string("the environment lacks ") + name, 5);
    return std::strtoull(value, nullptr, 10);
}

}  // namespace

void Program::mark() {
    marks_.push_back(now() - started_);
    processor_ = double(std::clock()) / CLOCKS_PER_SEC;
}

std::string Program::three_words() {
    const std::string first = word(), second = word();
    return first + " " + second + " " + word();
}

void Program::check_finite() {
    const std::string words = three_words(), time = word();
    Array& values = array();
    if (!is_real(values)) return;
    typed(values, [&](auto* items) {
        for (size_t k = 0; k < values.size; k++)
            if (!std::isfinite(double(items[k]))) fail(words + " " + time + " " + std::to_string(k), 4);
    });
}

void Program::set_from_command_line() {
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

// What sets arrays, before and between runs.
void Program::define_values() {
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
void Program::define_layouts() {
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
void Program::define_runs() {
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

}  // namespace bioworkbench
