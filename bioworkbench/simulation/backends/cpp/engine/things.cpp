// What a plan makes. Everything is numbered in the order in which it is made.
#include "program.h"

namespace bioworkbench {

namespace {

// A number for a name, the same in every program
uint64_t key_of(const std::string& name) {
    uint64_t key = 0xcbf29ce484222325;
    for (const char letter : name) key = (key ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
    return mixed(key);
}

}  // namespace

void Program::add_array() {
    const std::string type = word();
    arrays_.push_back(std::make_unique<Array>(type[0], item_size(type[0])));
    arrays_.back()->resize(whole());
    arrays_.back()->columns = static_cast<int32_t>(whole());
}

void Program::add_static() {
    const std::string type = word();
    arrays_.push_back(std::make_unique<Array>(type[0], item_size(type[0])));
    const size_t n = whole();
    load(*arrays_.back(), n, word());
}

// Some items of another array, under a number of its own
void Program::add_view() {
    Array& whole_array = array();
    const size_t begin = whole(), n = whole();
    if (begin + n > whole_array.size) fail("the plan has a view beyond the end of an array", 5);
    arrays_.push_back(std::make_unique<Array>(whole_array, begin, n));
}

std::unique_ptr<Action> Program::new_action() {
    auto added = std::make_unique<Action>();
    added->name = word();
    added->profiled = whole();
    return added;
}

void Program::add_function() {
    auto added = new_action();
    const std::string function = word(), types = word(), streams = word();
    if (!by_function_.count(function)) fail("the program has no function " + function, 5);
    added->function = by_function_[function];
    if (types != added->function->types) fail("the plan binds other types than function " + function + " takes", 5);
    added->call = std::make_unique<Call>();
    added->call->key = key_of(streams);
    // Functions of one object that do the same (values of two variables, a second run) go on drawing where the one before has ended.
    added->call->streams = streams_.try_emplace(added->call->key, added->call->streams).first->second;
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

void Program::add_push() {
    auto added = new_action();
    added->pushes = pathways_.at(whole()).get();
    added->events = &array(), added->delays = &array(), added->dt = &array();
    added->accesses = {{added->events, 'w'}};
    actions_.push_back(std::move(added));
}

// Spikes of a group: their neurons and times, and how many there are, of all and of each neuron; or these counts alone
void Program::add_record() {
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
void Program::add_trace() {
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
void Program::add_sharing() {
    Action& shared = action();
    shared.group = static_cast<int>(whole());
    shared.neurons = static_cast<int>(whole());
    shared.size_slot = static_cast<int>(whole());
    shared.call->of_copy = whole();
    const std::string modes = word();
    if (modes.size() != shared.accesses.size()) fail("the plan does not say how " + shared.name + " uses its arrays", 5);
    for (size_t k = 0; k < modes.size(); k++) shared.accesses[k].mode = modes[k];
}

// What the plan makes. Everything is numbered in the order in which it is made.
void Program::define_things() {
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

}  // namespace bioworkbench
