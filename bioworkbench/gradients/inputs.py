"""From a stimulus to what an unrolled network reads: frames of currents or spikes, drawn anew for each batch where random."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from bioworkbench.gradients.objectives import Shift
from bioworkbench.records.stimulus import Stimulus

__all__ = ["StepInputs", "step_inputs"]


@dataclass(frozen=True)
class StepInputs:
    """Inputs of every step.

    Parameters
    ----------
    values : float32 array (n_trials, 1 or n_steps, n_channels)
        One frame is held for all steps.
    random : bool
        Whether values are probabilities of a spike.
    n_steps : int
    """

    values: np.ndarray
    random: bool
    n_steps: int

    def changed(self, shift: Shift) -> Shift:
        """Function for the loss that moves a batch with `shift` and draws its spikes."""
        if not self.random:
            return shift

        def changed(inputs: jax.Array, key: jax.Array) -> jax.Array:
            for_spikes, for_shift = jax.random.split(key)
            chance = shift(inputs, for_shift)
            shape = (chance.shape[0], self.n_steps, chance.shape[2])
            return jax.random.bernoulli(for_spikes, jnp.broadcast_to(chance, shape)).astype(chance.dtype)

        return changed

    def drawn(self, rng: np.random.Generator, n_trials: int | None = None) -> np.ndarray:
        """Inputs of the first trials as they are, or with spikes drawn once (bool).

        Parameters
        ----------
        rng : Generator
            For spikes.
        n_trials : int, optional
            By default all.

        Returns
        -------
        float32 or bool array (n_trials, n_frames or n_steps, n_channels)
        """
        values = self.values[:n_trials]
        if not self.random:
            return values
        return rng.random((len(values), self.n_steps, values.shape[2]), dtype=np.float32) < values


def step_inputs(stimulus: Stimulus, n_steps: int) -> StepInputs:
    """What a network sees in each of some steps that last as long as the stimulus.

    Parameters
    ----------
    stimulus : Stimulus
    n_steps : int
        A multiple of its frames.

    Returns
    -------
    StepInputs

    Raises
    ------
    ValueError
        If frames are not a whole number of steps, or a rate exceeds one spike per step.
    """
    values, n_frames = stimulus.values, stimulus.values.shape[1]
    if n_steps % n_frames:
        raise ValueError(f"n_steps = {n_steps} is not a multiple of the {n_frames} frames of the stimulus")
    per_frame = n_steps // n_frames
    if stimulus.kind == "rate":
        values = values * stimulus.duration / n_steps
        if values.max() > 1 + 1e-9:
            raise ValueError(
                f"rates go up to {values.max():.3g} spikes per step with n_steps = {n_steps}; a step has one at most"
            )
    values = values.astype(np.float32)
    if stimulus.kind == "spikes":
        steps = np.zeros((len(values), n_steps, values.shape[2]), dtype=np.float32)
        steps[:, ::per_frame] = values
        return StepInputs(steps, False, n_steps)
    if n_frames > 1:
        values = np.repeat(values, per_frame, axis=1)
    return StepInputs(values, stimulus.kind == "rate", n_steps)
