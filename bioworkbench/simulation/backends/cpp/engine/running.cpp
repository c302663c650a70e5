// Runs of a network: in one go, or cut into segments that several threads share and whose records are written one by one.
#include <cstdio>
#include <ctime>
#include <thread>

#include "program.h"

namespace bioworkbench {

volatile std::sig_atomic_t stopped = 0;

namespace {

std::string in_words(double seconds) {
    std::string words;
    int remaining = static_cast<int>(seconds);
    for (const auto& [length, letter] : {std::pair(86400, "d"), {3600, "h"}, {60, "m"}, {1, "s"}}) {
        if (const int n = remaining / length; n > 0 || !words.empty()) words += (words.empty() ? "" : " ") + std::to_string(n) + letter;
        remaining %= length;
    }
    return words.empty() ? "< 1s" : words;
}

// Marks the clocks that tick next, and gives one of them. Times of clocks that tick together differ by rounding errors only.
Clock* next(std::vector<Clock*>& clocks, std::vector<char>& ticks) {
    if (clocks.empty()) return nullptr;
    Clock* first = *std::min_element(clocks.begin(), clocks.end(), [](Clock* a, Clock* b) { return *a->time() < *b->time(); });
    for (size_t k = 0; k < clocks.size(); k++)
        ticks[k] = std::fabs(*clocks[k]->time() - *first->time()) <= 1e-4 * std::min(first->width(), clocks[k]->width());
    return first;
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

}  // namespace

void Program::check_and_flush(double t, bool is_last) {
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
void Program::append(const std::string& name, Array& array) {
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
void Program::leave_state(const Schedule& schedule) {
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
void Program::run_segments(std::vector<Clock*>& clocks, const std::vector<Step>& steps) {
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

void Program::run_network() {
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

}  // namespace bioworkbench
