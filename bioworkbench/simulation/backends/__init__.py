"""Where a job runs: Brian2's runtime targets, compiled C++ programs, and GPUs."""
