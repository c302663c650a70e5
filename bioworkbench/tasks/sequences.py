"""Generated sequences: logic over time, arithmetic, and the benchmarks of reservoir computing.

By default every frame is a current that lasts 1 ms; a spec chooses another encoding or frame under ``[input]``.
"""

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bioworkbench.encoding import as_current
from bioworkbench.records.arrays import Floats, Integers, count, non_negative, positive
from bioworkbench.tasks.task import Task, Trials

__all__ = ["addition", "delayed_xor", "first_last_xor", "mackey_glass", "memory_capacity", "narma10"]

encode_frames = partial(as_current, frame=0.001)


def delayed_xor(
    rng: np.random.Generator, *, n_train: int = 400, n_test: int = 400, delay: int = 5, wait: int = 0, noise: float = 0.1
) -> Task:
    """Whether two bits differ that come `delay` silent frames apart, and are asked for `wait` frames after the second.

    A bit is a frame in which one of two channels (bit 0, bit 1) is 1 and the other 0.

    Parameters
    ----------
    rng : Generator
        Draws bits and noise.
    n_train, n_test : int
        Trials, of two bits each.
    delay, wait : int
        Silent frames between the bits, and after the second.
    noise : float
        Deviation of Gaussian noise on every value; without it there are only four different trials.

    Returns
    -------
    Task
        Of ``delay + wait + 2`` frames, 2 channels and 2 classes.

    Raises
    ------
    ValueError
        If a count is too small or the noise negative.
    """
    frames = (0, count("delay", delay, least=0) + 1)
    n_frames = frames[1] + 1 + count("wait", wait, least=0)
    sizes = (count("n_train", n_train), count("n_test", n_test))
    bits = rng.integers(0, 2, (sum(sizes), 2))
    values = non_negative("noise", noise) * rng.standard_normal((sum(sizes), n_frames, 2))
    values[:, frames] += np.eye(2)[bits]
    parts = _parts(values, bits[:, 0] ^ bits[:, 1], sizes)
    return Task("delayed_xor", "classification", *parts, None, 2, encode_frames, "working-memory exclusive or of two pulses")


def first_last_xor(
    rng: np.random.Generator, *, length: int = 10, n_train: int = 400, n_test: int = 400, distinct: bool = True
) -> Task:
    """Whether the first and the last bit of a sequence differ.

    Parameters
    ----------
    rng : Generator
    length : int
        Bits per sequence, 2 to 62.
    n_train, n_test : int
        At most 2**length together, if distinct.
    distinct : bool
        No sequence occurs twice, in train or test; False draws them independently.

    Returns
    -------
    Task
        Of `length` frames, 2 channels (bit 0, bit 1) of which one is 1, and 2 classes.

    Raises
    ------
    ValueError
        If the length is out of range or there are fewer sequences than trials.
    """
    if count("length", length, least=2) > 62:
        raise ValueError(f"length = {length}: must be at most 62")
    sizes = (count("n_train", n_train), count("n_test", n_test))
    bits = _distinct(rng, 2, length, sum(sizes)) if distinct else rng.integers(0, 2, (sum(sizes), length))
    parts = _parts(np.eye(2)[bits], bits[:, 0] ^ bits[:, -1], sizes)
    return Task("first_last_xor", "classification", *parts, None, 2, encode_frames, "first-last exclusive or of a bit sequence")


def addition(
    rng: np.random.Generator,
    *,
    base: int = 3,
    n_digits: int = 5,
    n_train: int = 1000,
    n_test: int = 1000,
    test_digits: int | None = None,
) -> Task:
    """Digits of the sum of two numbers that are read digit by digit, the lowest first; a class per frame.

    Frame k shows digit k of both numbers; one more frame, of zeros, asks for the last carry.

    Parameters
    ----------
    rng : Generator
    base, n_digits : int
        Of a number, which may begin with zeros.
    n_train, n_test : int
        No pair of numbers occurs twice, in train or test, as long as ``base ** (2 * n_digits)`` is below 2**62; beyond that
        pairs are drawn independently.
    test_digits : int, optional
        Digits in the test part, where generalization to longer numbers is asked for.

    Returns
    -------
    Task
        Of ``n_digits + 1`` frames, ``2 * base`` channels (one-hot digits of the first, then the second number) and `base`
        classes per frame.

    Raises
    ------
    ValueError
        If a count is too small, or there are fewer pairs than trials.
    """
    count("base", base, least=2)
    lengths = (count("n_digits", n_digits), n_digits if test_digits is None else count("test_digits", test_digits))
    sizes = (count("n_train", n_train), count("n_test", n_test))
    if lengths[0] == lengths[1]:
        both = _distinct(rng, base, 2 * n_digits, sum(sizes))
        drawn = [both[: sizes[0]], both[sizes[0] :]]
    else:
        drawn = [_distinct(rng, base, 2 * length, size) for length, size in zip(lengths, sizes, strict=True)]
    train, test = (_sums(digits.reshape(len(digits), 2, -1), base) for digits in drawn)
    return Task("addition", "classification", train, test, None, base, encode_frames, "addition of numbers digit by digit")


def memory_capacity(
    rng: np.random.Generator, *, n_train: int = 10, n_test: int = 10, n_frames: int = 300, n_delays: int = 20, washout: int = 50
) -> Task:
    """Recall of a random input from 1 to `n_delays` frames ago; the metric `memory_capacity` sums what is recalled.

    Parameters
    ----------
    rng : Generator
    n_train, n_test : int
        Independent trials.
    n_frames, n_delays : int
        Of a trial; output k is the input k + 1 frames before.
    washout : int
        At least `n_delays`, because earlier targets lie before the start of the trial.

    Returns
    -------
    Task
        Of one channel, uniform on [-1, 1], and `n_delays` values per frame.

    Raises
    ------
    ValueError
        If the washout is shorter than the longest delay or leaves no frame, or a count is too small.

    References
    ----------
    Jaeger (2001), Short term memory in echo state networks, GMD Report 152.
    """
    sizes = (count("n_train", n_train), count("n_test", n_test))
    if count("n_delays", n_delays) > count("washout", washout, least=0):
        raise ValueError(f"n_delays = {n_delays} is above washout = {washout}; targets before the start cannot be recalled")
    drive = rng.uniform(-1.0, 1.0, (sum(sizes), n_delays + count("n_frames", n_frames)))
    delayed = np.lib.stride_tricks.sliding_window_view(drive, n_frames, axis=1)[:, :n_delays]
    parts = _parts(drive[:, n_delays:, None], delayed[:, ::-1].transpose(0, 2, 1), sizes)
    return Task("memory_capacity", "regression", *parts, None, n_delays, encode_frames, "Jaeger 2001, GMD Report 152", washout)


def narma10(
    rng: np.random.Generator,
    *,
    n_train: int = 20,
    n_test: int = 10,
    n_frames: int = 300,
    washout: int = 50,
    history: int | None = None,
) -> Task:
    """Nonlinear autoregressive moving average of order 10, driven by random input u uniform on [0, 0.5].

    y(t+1) = 0.3 y(t) + 0.05 y(t) [y(t) + ... + y(t-9)] + 1.5 u(t-9) u(t) + 0.1, from zeros; the target of frame t is y(t+1).
    The recursion diverges for some inputs: those that drive y above 1 (about 0.5 % of trials of 300 frames) are drawn again.

    Parameters
    ----------
    rng : Generator
    n_train, n_test : int
        Independent trials.
    n_frames, washout : int
        Frames of a trial, and those at its start that do not count.
    history : int, optional
        Cut the trials into windows of that many frames after the washout, with the target of their last frame.

    Returns
    -------
    Task
        Of one channel and one value, per frame or per window.

    Raises
    ------
    ValueError
        If the washout or the history leaves nothing, or a count is too small.

    References
    ----------
    Atiya & Parlos (2000), New results on recurrent network training, doi:10.1109/72.846741.
    """
    sizes = (count("n_train", n_train), count("n_test", n_test))
    drive = rng.uniform(0.0, 0.5, (sum(sizes), count("n_frames", n_frames)))
    answer = narma10_response(drive)
    while (wild := ~(answer.max(axis=1) <= 1.0)).any():
        drive[wild] = rng.uniform(0.0, 0.5, (int(wild.sum()), n_frames))
        answer[wild] = narma10_response(drive[wild])
    reference = "Atiya & Parlos 2000, doi:10.1109/72.846741"
    return _frame_task("narma10", drive[..., None], answer[..., None], sizes, washout, history, reference, forecast=False)


def narma10_response(drive: Floats) -> Floats:
    """The recursion of `narma10`: y(t+1) for every frame t of the inputs; infinite where it diverges.

    Parameters
    ----------
    drive : array (n_trials, n_frames)

    Returns
    -------
    array (n_trials, n_frames)
    """
    n_trials, n_frames = drive.shape
    past, answer = np.zeros((n_trials, n_frames + 10)), np.zeros((n_trials, n_frames))
    shown = np.concatenate([np.zeros((n_trials, 9)), drive], axis=1)  # shown[t] is u(t - 9)
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(n_frames):
            now, recent = past[:, t + 9], past[:, t : t + 10].sum(axis=1)
            answer[:, t] = 0.3 * now + 0.05 * now * recent + 1.5 * shown[:, t] * drive[:, t] + 0.1
            past[:, t + 10] = answer[:, t]
    return answer


def mackey_glass(
    rng: np.random.Generator,
    *,
    n_train: int = 20,
    n_test: int = 10,
    n_frames: int = 300,
    horizons: tuple[int, ...] = (1,),
    washout: int = 100,
    history: int | None = None,
    tau: float = 17.0,
) -> Task:
    """Forecast of the Mackey-Glass equation x' = 0.2 x(t - tau) / (1 + x(t - tau)**10) - 0.1 x, one frame per unit of time.

    Values and targets are standardized with mean and deviation of the training part.

    Parameters
    ----------
    rng : Generator
        Draws the constant pasts, uniform on [0.5, 1.5], from which trials start; 500 units of time are dropped.
    n_train, n_test : int
        Independent trials.
    n_frames, washout : int
        Frames of a trial, and those at its start that do not count.
    horizons : tuple of int
        Frames ahead; 84 is customary beside 1.
    history : int, optional
        Cut the trials into windows of that many frames after the washout, with the target of their last frame.
    tau : float
        Delay in units of time; a multiple of 0.1. The attractor is chaotic from about 16.8.

    Returns
    -------
    Task
        Of one channel and a value per horizon, per frame or per window.

    Raises
    ------
    ValueError
        If the washout or the history leaves nothing, a horizon or count is too small, or tau is not a multiple of 0.1.

    References
    ----------
    Mackey & Glass (1977), Oscillation and chaos in physiological control systems, doi:10.1126/science.267326.
    """
    leads = [count("horizons", lead) for lead in np.atleast_1d(horizons).tolist()]
    sizes = (count("n_train", n_train), count("n_test", n_test))
    if not leads:
        raise ValueError(f"horizons = {horizons}: name at least one number of frames ahead")
    past = rng.uniform(0.5, 1.5, sum(sizes))
    series = mackey_glass_series(past, 500 + count("n_frames", n_frames) + max(leads), tau)[:, 500:]
    series = (series - (seen := series[: sizes[0], :n_frames]).mean()) / seen.std()
    targets = np.stack([series[:, lead : lead + n_frames] for lead in leads], axis=-1)
    reference = "Mackey & Glass 1977, doi:10.1126/science.267326"
    task = _frame_task("mackey_glass", series[:, :n_frames, None], targets, sizes, washout, history, reference, forecast=True)
    # windows whose horizons meet want one value
    return task if history is None else replace(task, shared=max(leads) - min(leads))


def mackey_glass_series(past: Floats, n_frames: int, tau: float) -> Floats:
    """Solutions of the equation of `mackey_glass` from constant pasts, at times 0, 1, 2, ...

    Runge-Kutta steps of 0.1 of fourth order; the delayed value half way through a step is a cubic Hermite interpolation.

    Parameters
    ----------
    past : array (n_trials,)
        Value of each solution before time 0.
    n_frames : int
    tau : float
        Delay, a multiple of 0.1, in the unit of time of the equation.

    Returns
    -------
    array (n_trials, n_frames)

    Raises
    ------
    ValueError
        If tau is not a positive multiple of 0.1.
    """
    h, lag = 0.1, round(positive("tau", tau) * 10)
    if lag < 1 or abs(lag * h - tau) > 1e-9:
        raise ValueError(f"tau = {tau}: must be a multiple of 0.1")
    n_steps = (n_frames - 1) * 10
    x = np.repeat(past[:, None], lag + n_steps + 1, axis=1)
    made, slope = _production(x), np.zeros_like(x)
    for k in range(lag, lag + n_steps):
        early, late, now = k - lag, k - lag + 1, x[:, k]
        bend = (slope[:, early] - slope[:, late]) * h / 8 if early >= lag else 0.0  # the past is flat and ends in a kink
        middle = _production((x[:, early] + x[:, late]) / 2 + bend)
        slope[:, k] = made[:, early] - 0.1 * now
        second = middle - 0.1 * (now + h / 2 * slope[:, k])
        third = middle - 0.1 * (now + h / 2 * second)
        fourth = made[:, late] - 0.1 * (now + h * third)
        x[:, k + 1] = now + h / 6 * (slope[:, k] + 2 * second + 2 * third + fourth)
        made[:, k + 1] = _production(x[:, k + 1])
    return x[:, lag::10]


def _production(x: Floats) -> Floats:
    return 0.2 * x / (1 + x**10)


def _frame_task(
    name: str,
    values: Floats,
    targets: Floats,
    sizes: tuple[int, int],
    washout: int,
    history: int | None,
    reference: str,
    *,
    forecast: bool,
) -> Task:
    """Regression per frame, or per window of `history` frames."""
    if count("washout", washout, least=0) >= values.shape[1]:
        raise ValueError(f"washout = {washout} leaves nothing of {values.shape[1]} frames; it must be less")
    train, test = _parts(values, targets, sizes)
    if history is not None:
        train, test, washout = _windows(train, washout, history), _windows(test, washout, history), 0
    return Task(name, "regression", train, test, None, targets.shape[-1], encode_frames, reference, washout, forecast)


def _windows(trials: Trials, washout: int, history: int) -> Trials:
    length = trials.n_frames - washout
    if count("history", history) > length:
        raise ValueError(f"history = {history}: {length} frames are left after a washout of {washout}; it must not be more")
    cut = np.lib.stride_tricks.sliding_window_view(trials.values[:, washout:], history, axis=1).transpose(0, 1, 3, 2)
    targets = trials.targets[:, washout + history - 1 :]
    return Trials(cut.reshape(-1, history, trials.n_channels), targets.reshape(-1, targets.shape[2]))


def _parts(values: np.ndarray, targets: np.ndarray, sizes: tuple[int, int]) -> tuple[Trials, Trials]:
    return Trials(values[: sizes[0]], targets[: sizes[0]]), Trials(values[sizes[0] :], targets[sizes[0] :])


def _distinct(rng: np.random.Generator, n_symbols: int, length: int, n: int) -> Integers:
    """Sequences (n, length) of symbols, all different; drawn independently where there are 2**62 or more."""
    available = n_symbols**length
    if n > available:
        raise ValueError(f"n_train + n_test = {n}: there are only {available} different inputs of {length} symbols")
    if available >= 2**62:
        return rng.integers(0, n_symbols, (n, length))
    codes: NDArray[np.int64] = rng.choice(available, n, replace=False)
    return codes[:, None] // n_symbols ** np.arange(length) % n_symbols


def _sums(numbers: Integers, base: int) -> Trials:
    """Trials from digits (n, 2, n_digits), lowest first."""
    padded = np.concatenate([numbers, np.zeros((*numbers.shape[:2], 1), dtype=np.int64)], axis=2)
    total, carry = np.zeros_like(padded[:, 0]), np.zeros(len(padded), dtype=np.int64)
    for k in range(padded.shape[2]):
        carry, total[:, k] = np.divmod(padded[:, 0, k] + padded[:, 1, k] + carry, base)
    return Trials(np.eye(base)[padded.swapaxes(1, 2)].reshape(*total.shape, 2 * base), total)
