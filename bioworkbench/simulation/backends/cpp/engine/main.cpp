// The fixed program: reads a plan, makes the arrays and calls it names, and does what it lists, in order. What the plan names and this
// program or a file lacks is an error; nothing is taken for zero.
#include <ctime>

#include "program.h"

namespace bioworkbench {

void Program::write_marks() {  // the last number is processor time since the last mark
    std::ofstream file(results_ + "marks");
    for (const double seconds : marks_) file << seconds << "\n";
    file << now() - started_ << "\n" << double(std::clock()) / CLOCKS_PER_SEC - processor_ << std::endl;
    if (!file) fail("cannot write " + results_ + "marks", 6);
}

void Program::write(const std::string& name, const Array& array) {
    const std::string path = results_ + name;
    FILE* file = std::fopen(path.c_str(), "wb");
    const bool whole = file && std::fwrite(array.data, array.item, array.size, file) == array.size;
    if (!whole || std::fclose(file)) fail("cannot write " + path, 6);
}

void Program::finish() {
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

int Program::run(std::vector<std::string> arguments) {
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

}  // namespace bioworkbench

int main(int argc, char** argv) { return bioworkbench::Program().run(std::vector<std::string>(argv + 1, argv + argc)); }
