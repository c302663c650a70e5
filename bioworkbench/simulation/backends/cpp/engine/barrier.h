// Where threads wait for each other, a few hundred thousand times a second: they look for a while before they sleep.
#ifndef BIOWORKBENCH_BARRIER_H
#define BIOWORKBENCH_BARRIER_H

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace bioworkbench {

class Barrier {
    const int n_threads_;
    std::atomic<int> n_waiting_{0};
    std::atomic<unsigned> round_{0};
    std::mutex mutex_;
    std::condition_variable opened_;

public:
    explicit Barrier(int n) : n_threads_(n) {}

    void wait() {
        wait([] {});
    }

    // The last one to come does `last` while the others still wait.
    template <class Act>
    void wait(Act last) {
        if (n_threads_ == 1) return last();
        const unsigned mine = round_.load();
        if (n_waiting_.fetch_add(1) + 1 == n_threads_) {
            // Before the others are let go: one of them may be at the next barrier at once, and counts itself.
            n_waiting_.store(0);
            last();
            {
                std::lock_guard<std::mutex> lock(mutex_);
                round_.fetch_add(1);
            }
            opened_.notify_all();
            return;
        }
        // A step takes microseconds, less than falling asleep and being woken.
        for (int look = 0; look < 2000; ++look) {
            if (round_.load() != mine) return;
#if defined(__x86_64__)
            __builtin_ia32_pause();
#endif
        }
        // The round changes under this lock alone, so that the call cannot come between the last look and the sleep.
        std::unique_lock<std::mutex> lock(mutex_);
        opened_.wait(lock, [&] { return round_.load() != mine; });
    }
};

}  // namespace bioworkbench

#endif
