"""Addition as a network meets it that adds digit by digit and is told the carry."""

import numpy as np

from bioworkbench.records.arrays import Integers, count
from bioworkbench.tasks.sequences import encode_frames
from bioworkbench.tasks.task import Task, Trials

__all__ = ["addition_with_carry"]


def addition_with_carry(
    rng: np.random.Generator,
    *,
    base: int = 2,
    n_digits: int = 5,
    n_train: int = 8192,
    n_test: int = 2000,
    n_validation: int = 0,
    test_digits: int | None = None,
) -> Task:
    """Digit and carry of the sum of two numbers that are read digit by digit, the lowest first, beside the carry from below.

    The first carry is drawn like a digit. In all parts of the task the carry that is shown is the right one; whether a network adds by
    itself is seen when it is shown its own, with `bioworkbench.readout.closed_loop.closed_loop`.

    Parameters
    ----------
    rng : Generator
    base, n_digits : int
        Of a number, which may begin with zeros.
    n_train, n_test, n_validation : int
        Pairs, drawn independently.
    test_digits : int, optional
        Digits in the test part, where generalization to longer numbers is asked for.

    Returns
    -------
    Task
        Of `n_digits` frames and three channels (digits of both numbers over ``base - 1``, carry) with two heads: the class of a frame is
        ``digit + base * carry``, which is what digits and carry add up to.

    Raises
    ------
    ValueError
        If a count is too small.

    References
    ----------
    Udupi, Yang & Zhai (2026), arXiv:2605.08022.
    """
    count("base", base, least=2)
    own = count("n_digits", n_digits)
    longer = own if test_digits is None else count("test_digits", test_digits)
    train = _sums(rng, base, own, count("n_train", n_train))
    test = _sums(rng, base, longer, count("n_test", n_test))
    validation = _sums(rng, base, own, n_validation) if count("n_validation", n_validation, least=0) else None
    reference = "Udupi, Yang & Zhai 2026, arXiv:2605.08022"
    return Task(
        "addition_with_carry", "classification", train, test, validation, 2 * base, encode_frames, reference, heads=(base, 2)
    )


def _sums(rng: np.random.Generator, base: int, n_digits: int, n: int) -> Trials:
    digits: Integers = rng.integers(0, base, (n, n_digits, 2))
    carry = rng.integers(0, 2, n)
    shown, sums = np.zeros((n, n_digits), dtype=np.int64), np.zeros((n, n_digits), dtype=np.int64)
    for k in range(n_digits):
        shown[:, k], sums[:, k] = carry, digits[:, k].sum(axis=1) + carry
        carry = sums[:, k] // base
    return Trials(np.concatenate([digits / (base - 1), shown[:, :, None]], axis=2), sums)
