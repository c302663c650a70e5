"""Diffusion theory of leaky integrate-and-fire neurons: what the statistical tests compare with.

Potentials are in volts from rest, times in seconds; `sigma` is the stationary deviation of the free membrane.
"""

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erfcx

STEP_CORRECTION = 0.5826  # -zeta(1/2) / sqrt(2 pi): how far beyond its threshold a random walk is found, in units of its step


def siegert_rate(mean, sigma, dt=0.0, tau=20e-3, threshold=20e-3, reset=10e-3, refractory=2e-3):
    """Rate (hertz) of a neuron with white noise (Siegert 1951; Brunel 2000, doi 10.1023/A:1008925309027).

    With a step dt the threshold is looked at only at times k dt, which raises it by 0.583 sigma sqrt(2 dt / tau) to first order
    (Broadie, Glasserman and Kou 1997, doi 10.1111/1467-9965.00035); and Brian2 holds the reset for refractory - dt.
    """
    raised = threshold + STEP_CORRECTION * sigma * np.sqrt(2 * dt / tau)
    low, high = (reset - mean) / (np.sqrt(2) * sigma), (raised - mean) / (np.sqrt(2) * sigma)
    passage = tau * np.sqrt(np.pi) * quad(lambda u: erfcx(-u), low, high, epsabs=1e-12)[0]
    return 1 / (refractory - dt + passage)


def network_rate(mean, sigma, excitation, inhibition, dt=0.0):
    """Self-consistent rate (hertz) of neurons that each receive `n` inputs of weight `w` volts: excitation = (n, w), inhibition too.

    All neurons, excitatory and inhibitory, fire at the same rate; the input of a neuron is Gaussian white noise by assumption.
    """
    (n_exc, w_exc), (n_inh, w_inh) = excitation, inhibition
    tau = 20e-3

    def excess(rate):
        shifted = mean + tau * rate * (n_exc * w_exc + n_inh * w_inh)
        spread = np.sqrt(sigma**2 + 0.5 * tau * rate * (n_exc * w_exc**2 + n_inh * w_inh**2))
        return siegert_rate(shifted, spread, dt) - rate

    return brentq(excess, 1e-3, 400.0)
