"""Cannistraci-Hebb link prediction: definition, compiled kernels, rankings, and how good a predictor is."""
