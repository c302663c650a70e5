// Items of arrays whose type is known at run time alone: what a plan sets, copies and loads.
#ifndef BIOWORKBENCH_ITEMS_H
#define BIOWORKBENCH_ITEMS_H

#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include "engine.h"

namespace bioworkbench {

[[noreturn]] inline void fail(const std::string& words, int code) {
    std::cout.flush();
    std::cerr << words << std::endl;
    std::_Exit(code);
}

inline int32_t item_size(char type) {
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

inline bool is_real(const Array& array) { return array.type == 'd' || array.type == 'f'; }

inline double real_at(Array& array, size_t k) {
    double value = 0;
    typed(array, [&](auto* items) { value = static_cast<double>(items[array.place(k)]); });
    return value;
}

inline int64_t whole_at(Array& array, size_t k) {
    int64_t value = 0;
    typed(array, [&](auto* items) { value = static_cast<int64_t>(items[array.place(k)]); });
    return value;
}

// Sets items `places` (all, if there are none) of one array to those of another, whose type may differ.
inline void copy_items(Array& to, Array* places, Array& from) {
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

inline void fill(Array& array, size_t begin, size_t end, const std::string& number) {
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

inline void load(Array& array, size_t n, const std::string& path) {
    array.resize(n);
    FILE* file = std::fopen(path.c_str(), "rb");
    if (!file) fail("cannot open " + path, 5);
    // A file that is longer than it should be is as wrong as one that is shorter: both are of another network.
    const size_t n_read = std::fread(array.data, array.item, n, file);
    if (n_read != n || std::fgetc(file) != EOF) fail(path + " does not hold " + std::to_string(n) + " items", 5);
    std::fclose(file);
}

// Loads a file as long as it is.
inline void load_all(Array& array, char type, const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) fail("cannot open " + path, 5);
    Array stored(type, item_size(type));
    load(stored, static_cast<size_t>(file.tellg()) / stored.item, path);
    array.resize(stored.size);
    copy_items(array, nullptr, stored);
}

}  // namespace bioworkbench

#endif
