"""The settings that slow tests use are ones that the methods know: a test that takes hours should not be the first to find out."""

import itertools
import os

import pytest

from bioworkbench.methods import ch_snn, noise_single_step, reconstruction, rewired_reservoir, s_swim
from tests.methods.grouped import grouped
from tests.verification import (
    test_ch_snn,
    test_ch_snn_cifar10,
    test_noise_single_step,
    test_reconstruction,
    test_reconstruction_as_published,
    test_rewired_reservoir,
    test_s_swim,
)
from tests.verification.mnist_chains import CONVOLUTIONS

NOISE = test_noise_single_step.SETTINGS
GIVEN = [
    *((ch_snn.train, {"sparsity": 0.9} | test_ch_snn.SETTINGS | variant | more)
      for variant, more in itertools.product(test_ch_snn.VARIANTS.values(), ({}, test_ch_snn.PUBLISHED))),
    *((ch_snn.train, test_ch_snn_cifar10.SETTINGS | variant) for variant in test_ch_snn_cifar10.VARIANTS.values()),
    *((noise_single_step.train, NOISE | variant) for variant in test_noise_single_step.VARIANTS.values()),
    *((noise_single_step.train, NOISE | how | {"training": "conversion"}) for how in test_noise_single_step.CONVERSIONS.values()),
    (noise_single_step.train, NOISE | CONVOLUTIONS),
    *((s_swim.train, settings) for settings in (*test_s_swim.SAMPLERS.values(), *test_s_swim.WITH_PATH.values())),
    *((s_swim.train, settings) for settings in (*test_s_swim.HYPOTHESES.values(), test_s_swim.RANDOM_START, test_s_swim.SAMPLED_START)),
    *((reconstruction.train, settings) for _, _, _, settings in test_reconstruction.TASKS.values()),
    *((reconstruction.train, settings)
      for settings in test_reconstruction_as_published.published_ways(2, {"loss": "hinge"}, {"epochs": 3}).values()),
    (reconstruction.train, test_reconstruction_as_published.RECURRENT),
    *((rewired_reservoir.train, arm) for arm in (*test_rewired_reservoir.ARMS.values(), *test_rewired_reservoir.ON_DIGITS.values())),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(GIVEN)))
def test_settings_of_slow_tests_are_known(number):
    train, settings = GIVEN[number]
    assert grouped(train, settings) or not settings


def test_unknown_settings_are_found():
    with pytest.raises(ValueError, match="not enough values to unpack"):
        grouped(noise_single_step.train, {"image": (28, 28, 1)})


@pytest.mark.slow
def test_slow_tests_run_optimized_programs():
    """Times of training would say little otherwise."""
    assert os.environ.get("JAX_DISABLE_MOST_OPTIMIZATIONS", "0") in ("", "0", "false")


def test_quick_tests_do_not_optimize(request):
    if "slow" not in request.config.getoption("markexpr").replace("not slow", ""):
        assert os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"]
