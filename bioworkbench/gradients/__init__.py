"""Gradient training of discrete-time networks with JAX and optax; the only part of the package that knows them."""
