"""The backend "cuda": programs that brian2cuda generates, compiled by nvcc, run on an NVIDIA GPU."""
