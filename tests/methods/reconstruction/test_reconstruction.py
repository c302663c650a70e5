"""Reconstruction: logic over time, targets per frame, regression, trained witnesses, and refusals."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.convex.losses import mean_loss
from bioworkbench.convex.program import sparse_coefficients
from bioworkbench.discrete import simulate_discrete
from bioworkbench.methods import reconstruction
from bioworkbench.methods.reconstruction import Dictionary
from bioworkbench.neurons import discrete_lif
from bioworkbench.readout.features import FEATURES
from bioworkbench.records.heads import class_parts
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import simulate as simulate_in_brian2
from bioworkbench.tasks import Task, Trials
from bioworkbench.tasks.arithmetic import addition_with_carry
from bioworkbench.tasks.sequences import addition, first_last_xor
from tests.methods.grouped import grouped


def start(n_channels, *sizes, leak=0.0, reset="subtract"):
    populations, projections, below, width = [], [], "input", n_channels
    for k, size in enumerate(sizes):
        populations.append(Population(f"p{k}", size, discrete_lif(leak=leak, reset=reset), layer=k))
        projections.append(Projection(below, f"p{k}", sparse.csr_array(np.ones((width, size)))))
        if size > 1:
            projections.append(Projection(f"p{k}", f"p{k}", sparse.csr_array(np.ones((size, size)))))
        below, width = f"p{k}", size
    return Network(tuple(populations), tuple(projections))


def simulate(network, stimulus, seed):
    return simulate_discrete(network, stimulus)


def predictions(task, trained, part="test", run=simulate):
    recording = run(trained.network, task.encode(task.parts[part].values), 0)
    return trained.readout.predictions(FEATURES[trained.feature.kind](recording, **trained.feature.arguments))


def accuracy(task, trained, part="test"):
    return float((predictions(task, trained, part) == task.parts[part].targets).mean())


def train(task, network, seed=0, **settings):
    return reconstruction.train(task, network, simulate, np.random.default_rng(seed), **grouped(reconstruction.train, settings))


def xor(length=5, n_train=24, n_test=8):
    return first_last_xor(np.random.default_rng(1), length=length, n_train=n_train, n_test=n_test)


def test_recurrent_threshold_units_remember_the_first_of_ten_bits():
    task = xor(10, 400, 400)
    trained = train(task, start(2, 4, 1), n_gaussian=600, penalties=(0.1,))
    assert accuracy(task, trained, "train") == 1.0
    assert accuracy(task, trained) > 0.95
    assert 0 <= trained.history["gap"][0] <= 1e-6
    course = trained.history["gap_by_iteration"]
    assert course[0] > 1e-6 > course[-1]
    assert trained.history["n_networks"][0] <= trained.history["n_kept"][0] <= trained.history["n_atoms"][0]


def test_outputs_of_the_kept_network_are_those_of_the_program():
    """On the training trials the K sub-networks give exactly the outputs whose optimality the certificate states."""
    task = xor()
    trained = train(task, start(2, 3, 1), n_gaussian=100, penalties=(0.05,))
    recording = simulate(trained.network, task.encode(task.train.values), 0)
    patterns = FEATURES[trained.feature.kind](recording, **trained.feature.arguments)
    wanted = 2 * np.eye(2)[task.train.targets] - 1
    residual = trained.readout.outputs(patterns) - wanted
    penalty = trained.history["penalty"][0]
    coefficients = np.vstack([trained.readout.coefficients, trained.readout.intercepts])
    primal = 0.5 * (residual**2).sum() + penalty * np.linalg.norm(coefficients, axis=1).sum()
    assert primal == pytest.approx(trained.history["primal"][0], rel=1e-12)
    _, proof = sparse_coefficients(np.c_[patterns, np.ones(24)], wanted, penalty)
    assert proof.primal == pytest.approx(primal, rel=2e-6)


def test_brian2_predicts_the_same():
    task = xor()
    trained = train(task, start(2, 4, 1, leak=0.5), n_gaussian=100, penalties=(0.05,))
    in_brian2 = predictions(task, trained, run=lambda n, s, seed: simulate_in_brian2(n, s, seed, dt=0.001, backend="numpy"))
    np.testing.assert_array_equal(in_brian2, predictions(task, trained))


def test_targets_per_frame():
    task = addition(np.random.default_rng(0), base=2, n_digits=3, n_train=40, n_test=24)
    trained = train(task, start(4, 4, 1), n_gaussian=500, penalties=(0.02,))
    assert predictions(task, trained).shape == task.test.targets.shape
    assert accuracy(task, trained) > 0.8
    assert trained.history["gap"][0] <= 1e-6


def test_several_steps_are_read():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(300, 6, 2))
    targets = (values[:, 1, 0] * values[:, 4, 0] > 0).astype(int)
    parts = [Trials(values[cut], targets[cut]) for cut in (slice(0, 200), slice(200, 300))]
    task = Task("sign", "classification", *parts, None, 2, lambda v: Stimulus(v, 0.001), "made")
    trained = train(task, start(2, 3, 1), n_gaussian=100, steps=[1, 4], penalties=(0.05,))
    assert trained.feature.arguments["n_steps"] == 5
    used = trained.readout.coefficients.reshape(5, -1, 2)
    assert not used[1:3].any()
    assert used[0].any()
    assert used[3].any()
    assert accuracy(task, trained, "train") > 0.9


@pytest.mark.parametrize("source", ["n_gaussian", "n_pairs"])
def test_regression_and_a_penalty_chosen_on_held_out_trials(source):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(260, 5, 2))
    targets = values.sum(axis=1)[:, :1]
    parts = [Trials(values[cut], targets[cut]) for cut in (slice(0, 200), slice(200, 260))]
    task = Task("sum", "regression", *parts, None, 1, lambda v: Stimulus(v, 0.001), "made")
    trained = train(task, start(2, 1, leak=1.0), **{"n_gaussian": 0, source: 300}, penalties=(0.9, 0.1, 0.01))
    error = ((predictions(task, trained) - task.test.targets) ** 2).mean() / task.test.targets.var()
    assert error < 0.5
    assert trained.readout.rule == "value"


@pytest.mark.parametrize(("loss", "tolerance"), [("hinge", 1e-6), ("cross_entropy", 1e-3)])
def test_published_losses_over_many_last_neurons_of_deep_branches(loss, tolerance):
    """Two feed-forward branches of two layers; the certificate is that of the outputs which the kept network gives."""
    task = first_last_xor(np.random.default_rng(0), length=4, n_train=60, n_test=60, distinct=False)
    network = start(2, 20, 40, leak=0.99)
    network = replace(network, projections=tuple(p for p in network.projections if p.source != p.target))
    settings = {"columns": "unscaled", "input_gain": 1.0, "bias": (-1.0, 0.0), "balanced": False}
    trained = train(task, network, n_gaussian=2, loss=loss, tolerance=tolerance, penalties=(0.1, 0.01), **settings)
    n_kept = trained.history["n_networks"][0]
    assert trained.network.sizes == {"layer_1": 20 * n_kept, "layer_2": 40 * n_kept}
    assert -1e-9 <= trained.history["gap"][0] <= tolerance
    assert accuracy(task, trained) > 0.85
    recording = simulate(trained.network, task.encode(task.train.values), 0)
    outputs = trained.readout.outputs(FEATURES[trained.feature.kind](recording, **trained.feature.arguments))
    sizes = np.abs(np.vstack([trained.readout.coefficients, trained.readout.intercepts])).sum()
    value = mean_loss(outputs, 2 * np.eye(2)[task.train.targets] - 1, loss) + trained.history["penalty"][0] * sizes
    assert value == pytest.approx(trained.history["primal"][0], rel=1e-9)


@pytest.mark.parametrize("run", [simulate, lambda n, s, seed: simulate_in_brian2(n, s, seed, dt=0.001, backend="numpy")])
def test_half_spaces_of_the_potential_are_atoms(run):
    """The outputs of the simulated network are those whose optimality the certificate states, from signs in place of spikes."""
    task = first_last_xor(np.random.default_rng(0), length=4, n_train=60, n_test=60, distinct=False)
    network = start(2, 20, 40, leak=0.99)
    network = replace(network, projections=tuple(p for p in network.projections if p.source != p.target))
    settings = {"columns": "unscaled", "input_gain": 1.0, "bias": (-1.0, 0.0), "balanced": False, "loss": "hinge"}
    trained = reconstruction.train(
        task,
        network,
        run,
        np.random.default_rng(0),
        **grouped(reconstruction.train, settings | {"n_gaussian": 2, "penalties": (0.01,), "half_spaces": True}),
    )
    assert trained.network.sizes["half_spaces"] == trained.network.sizes["layer_2"]
    assert trained.feature.arguments["populations"] == ["half_spaces"]
    recording = run(trained.network, task.encode(task.train.values), 0)
    outputs = trained.readout.outputs(FEATURES[trained.feature.kind](recording, **trained.feature.arguments))
    sizes = np.abs(np.vstack([trained.readout.coefficients, trained.readout.intercepts])).sum()
    value = mean_loss(outputs, 2 * np.eye(2)[task.train.targets] - 1, "hinge") + trained.history["penalty"][0] * sizes
    assert value == pytest.approx(trained.history["primal"][0], rel=1e-9)
    assert accuracy(task, trained) > 0.85


def test_gradient_training_is_given_the_solution_and_the_validation_part(monkeypatch):
    task, seen = xor(), {}
    task = replace(task, validation=task.test)

    def trained(networks, data, settings, seed, **given):
        seen.update(given, networks=networks, data=data)
        return networks, 2 * given["readout"].coefficients, given["readout"].intercepts, {}

    monkeypatch.setattr(reconstruction, "_train_parallel", trained)
    settings = {"n_gaussian": 60, "penalties": (0.05,)}
    solved, refined = (train(task, start(2, 3, 1), refine=refine, **settings) for refine in (False, True))
    np.testing.assert_array_equal(seen["readout"].coefficients, solved.readout.coefficients)
    np.testing.assert_array_equal(refined.readout.coefficients, 2 * solved.readout.coefficients)
    assert seen["networks"].n == solved.history["n_networks"][0]
    np.testing.assert_array_equal(seen["data"][1][1], task.test.targets)


@pytest.mark.parametrize("refit", [None, 1e-2])
def test_parts_of_a_class_have_programs_of_their_own(refit):
    """Digit and carry: the value is the sum of what a task of digits and one of carries give, from the same atoms."""
    task = addition_with_carry(np.random.default_rng(0), n_digits=3, n_train=60, n_test=40)
    settings = {"n_gaussian": 60, "loss": "cross_entropy", "tolerance": 1e-4, "penalties": (0.02,), "refit": refit}
    trained = train(task, start(3, 3, 1), **settings)
    assert accuracy(task, trained) > 0.9
    apart = []
    for k, size in enumerate(task.heads):
        train_part, test_part = (
            replace(part, targets=class_parts(part.targets, task.heads)[k]) for part in (task.train, task.test)
        )
        own = replace(task, train=train_part, test=test_part, n_outputs=size, heads=())
        apart.append(train(own, start(3, 3, 1), **settings))
        found = class_parts(predictions(task, trained), task.heads)[k]
        # fitted once more, a part also has the atoms that only the other one chose
        assert refit or (found == predictions(own, apart[-1])).all()
    first, second = (one.history for one in apart)
    assert trained.history["primal"][0] == pytest.approx(first["primal"][0] + second["primal"][0], rel=1e-9)
    assert [trained.history[name][0] for name in ("penalty", "penalty_of_head_2")] == [first["penalty"][0], second["penalty"][0]]


@pytest.mark.slow
def test_gradient_training_starts_from_the_solution():
    """A rate of nearly 0 leaves the network where the program left it; so does one that only harms on the validation part."""
    task = xor(6, 40, 20)
    settings = {"n_gaussian": 60, "penalties": (0.05,), "batch_size": 40}
    solved = train(task, start(2, 3, 1, leak=0.9), **settings)
    still = train(task, start(2, 3, 1, leak=0.9), refine=True, epochs=1, learning_rate=1e-12, **settings)
    np.testing.assert_allclose(still.readout.coefficients, solved.readout.coefficients, atol=1e-6)
    np.testing.assert_array_equal(predictions(task, still), predictions(task, solved))
    assert still.history["primal"] == solved.history["primal"]
    judged = replace(task, validation=task.test)
    wild = train(judged, start(2, 3, 1, leak=0.9), refine=True, epochs=1, learning_rate=100.0, **settings)
    np.testing.assert_allclose(wild.readout.coefficients, solved.readout.coefficients, atol=1e-6)


@pytest.mark.slow
def test_gradients_train_the_parts_of_a_class():
    """From the solution, and from nothing; accuracy of both parts together, a quarter by chance."""
    task = addition_with_carry(np.random.default_rng(0), n_digits=3, n_train=200, n_test=100, n_validation=100)
    settings = {"penalties": (0.05,), "epochs": 20}
    still = train(task, start(3, 8, 1), refine=True, n_gaussian=60, **(settings | {"epochs": 1, "learning_rate": 1e-12}))
    solved = train(task, start(3, 8, 1), n_gaussian=60, **settings)
    np.testing.assert_allclose(still.readout.coefficients, solved.readout.coefficients, atol=1e-6)
    own = train(task, start(3, 8, 1), n_gaussian=0, n_trained=20, convex=False, **(settings | {"epochs": 80}))
    assert own.readout.coefficients.shape == (20, 4)
    # the outputs of the four classes are sums of two and two: that of class 3 follows from the others
    signs = np.array([1.0, -1.0, -1.0, 1.0])
    np.testing.assert_allclose(own.readout.coefficients @ signs, 0, atol=1e-6)
    assert accuracy(task, own) > 0.8


@pytest.mark.slow
def test_program_over_trained_witnesses_is_not_worse_than_their_own_patterns():
    """The best l1 readout of the trained network's neurons is among what the larger dictionary can choose."""
    task = xor(6, 40, 20)
    settings = {"n_trained": 6, "epochs": 10, "penalties": (0.05,)}
    more = train(task, start(2, 3, 1, leak=0.9), n_gaussian=200, n_copies=3, **settings)
    own = train(task, start(2, 3, 1, leak=0.9), n_gaussian=0, convex=False, **settings)
    assert own.history == {}
    assert own.network.sizes["layer_2"] == 6
    penalty = more.history["penalty"][0]
    patterns = FEATURES["last_step_pattern"](simulate(own.network, task.encode(task.train.values), 0), ["layer_2"])
    _, proof = sparse_coefficients(np.c_[patterns, np.ones(40)], 2 * np.eye(2)[task.train.targets] - 1, penalty)
    assert more.history["primal"][0] <= proof.primal * (1 + 1e-6)
    assert accuracy(task, more, "train") >= accuracy(task, own, "train")


@pytest.mark.slow
def test_another_round_never_raises_the_value():
    task = xor(6, 40, 20)
    trained = train(task, start(2, 3, 1, leak=0.9), n_gaussian=60, rounds=2, epochs=5, penalties=(0.05,))
    assert trained.history["penalty"].shape == (2,)
    assert trained.history["n_atoms"][1] >= trained.history["n_atoms"][0]


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_the_output_weights_can_be_fitted_once_more(kind):
    """The choice stays the same; the error of what it is fitted to becomes less."""
    task = addition(np.random.default_rng(0), base=2, n_digits=3, n_train=40, n_test=24)
    if kind == "regression":
        parts = [Trials(part.values, part.targets[..., None].astype(float)) for part in (task.train, task.test)]
        task = replace(task, kind="regression", train=parts[0], test=parts[1], n_outputs=1)
    chosen, fitted = (
        train(task, start(4, 4, 1), n_gaussian=200, penalties=(0.05,), refit=refit, steps=None) for refit in (None, 1e-3)
    )
    assert chosen.history["primal"] == fitted.history["primal"]
    assert ((fitted.readout.coefficients != 0).any(axis=1) == chosen.readout.coefficients.any(axis=1)).all()
    wrong = [(predictions(task, trained, "train") - task.train.targets).__abs__().mean() for trained in (chosen, fitted)]
    assert wrong[1] < wrong[0]


def test_same_generator_same_network():
    task = xor()
    one, two = (train(task, start(2, 3, 1), n_gaussian=50, penalties=(0.05,)) for _ in range(2))
    np.testing.assert_array_equal(one.readout.coefficients, two.readout.coefficients)


def encoded(kind):
    return lambda values: Stimulus(values, 0.001, kind)


def test_what_cannot_work_is_refused():
    task, network = xor(), start(2, 3, 1)
    with pytest.raises(ValueError, match="task 'first_last_xor' is encoded as 'rate'; reconstruction needs kind 'current'"):
        train(replace(task, encode=encoded("rate")), network)
    with pytest.raises(ValueError, match="n_gaussian = 0, n_pairs = 0, n_trained = 0, convex = True: there is no witness"):
        train(task, network, n_gaussian=0)
    with pytest.raises(ValueError, match="n_trained = 0, convex = False: there is no witness"):
        train(task, network, n_gaussian=5, convex=False)
    with pytest.raises(ValueError, match=r"penalties = \[\]: give at least one fraction of the largest penalty"):
        train(task, network, n_gaussian=20, penalties=[])
    with pytest.raises(ValueError, match=r"no sub-network is kept at penalty .*; lower penalties = "):
        train(task, network, n_gaussian=20, penalties=(1.0,))
    with pytest.raises(ValueError, match="'hinges' is not a loss; did you mean 'hinge'"):
        train(task, network, n_gaussian=20, loss="hinges")
    with pytest.raises(ValueError, match="'scald' is not a way to draw columns; did you mean 'scaled'"):
        train(task, network, n_gaussian=20, columns="scald")
    with pytest.raises(ValueError, match="half_spaces = True and balanced = True: only thresholds of spikes are balanced"):
        train(task, network, n_gaussian=20, half_spaces=True)
    parts = [Trials(part.values, part.targets[:, None].astype(float)) for part in (task.train, task.test)]
    values = replace(task, kind="regression", train=parts[0], test=parts[1], n_outputs=1)
    with pytest.raises(ValueError, match="loss = 'hinge': the targets of task 'first_last_xor' are values; use 'squared'"):
        train(values, network, n_gaussian=20, loss="hinge")
    one_class = replace(task, train=Trials(task.train.values, np.zeros(24, dtype=int)))
    with pytest.raises(ValueError, match="all training targets of task 'first_last_xor' are 0; at least two different ones"):
        train(one_class, network, n_gaussian=20)
    with pytest.raises(ValueError, match="the 20 patterns are all zero or the same; let thresholds differ"):
        train(task, network, n_gaussian=20, balanced=False, bias=(50.0, 0.1), penalties=(0.1,))
    with pytest.raises(ValueError, match=r"none of the 20 patterns is other than zero: no witness spikes in 24 training trials"):
        train(task, network, n_gaussian=20, balanced=False, bias=(-50.0, 0.1), penalties=(0.1,))
    with pytest.raises(ValueError, match=r"a trial of 5 frames has 10 steps; set dt to the frame, 0.001 s"):
        reconstruction.train(
            task,
            network,
            lambda n, s, seed: simulate_discrete(n, s, dt=0.0005),
            np.random.default_rng(0),
            dictionary=Dictionary(50),
        )
    with pytest.raises(ValueError, match="simulated spikes of population 'layer_2' differ from the dictionary's"):
        reconstruction.train(
            task,
            network,
            lambda n, s, seed: simulate_discrete(n, Stimulus(-s.values, s.frame)),
            np.random.default_rng(0),
            dictionary=Dictionary(50),
        )


def never(network, stimulus, seed):
    raise AssertionError("nothing must be simulated")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"steps": []}, r"steps = \[\]: name at least one step from 0 to 4"),
        ({"steps": [-1]}, "steps = -1: must be an integer, 0 or more"),
        ({"steps": [2, 5]}, r"steps = \[2, 5\]: name at least one step from 0 to 4"),
        ({"steps": [1.5]}, r"steps = 1\.5: must be an integer"),
        ({"optimization.checkpoint": "run.npz"}, r"optimization.checkpoint = 'run.npz': reconstruction goes on from none"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_runs(settings, words):
    with pytest.raises(ValueError, match=words):
        reconstruction.train(
            xor(), start(2, 3, 1), never, np.random.default_rng(0), **grouped(reconstruction.train, {"n_gaussian": 20} | settings)
        )


def test_half_spaces_of_potentials_that_are_set_to_zero_are_refused_before_anything_runs():
    given = grouped(reconstruction.train, {"n_gaussian": 20, "half_spaces": True, "balanced": False})
    with pytest.raises(ValueError, match="half_spaces = True with reset 'zero': it needs 'subtract'"):
        reconstruction.train(xor(), start(2, 3, 1, reset="zero"), never, np.random.default_rng(0), **given)


def test_steps_of_a_task_with_targets_per_frame_are_all_that_have_one():
    task = addition_with_carry(np.random.default_rng(1), n_digits=3, n_train=40, n_test=5)
    with pytest.raises(ValueError, match=r"steps = \[1\]: task 'addition_with_carry' has a target in every frame"):
        train(task, start(3, 3, 1), n_gaussian=20, steps=[1])


@pytest.mark.parametrize("n_trials", [2, 3, 4])
def test_a_penalty_is_not_chosen_by_trials_that_are_not_there(n_trials):
    task = xor()
    by_class = [np.flatnonzero(task.train.targets == label)[:2] for label in (0, 1)]
    few = replace(task, train=task.train.take(np.stack(by_class, axis=1).ravel()[:n_trials]))
    with pytest.raises(ValueError, match=rf"program.penalties = \[0.3, 0.1\] with {n_trials} training trials: every fifth"):
        train(few, start(2, 3, 1), n_gaussian=50, penalties=[0.3, 0.1])
    assert train(few, start(2, 3, 1), n_gaussian=50, penalties=[0.1]).history["gap"][0] < 1e-6


@pytest.mark.parametrize("loss", ["squared", "hinge", "cross_entropy"])
@pytest.mark.parametrize("reading", [{}, {"half_spaces": True}])
def test_witnesses_that_never_spike_are_told_whatever_the_program(loss, reading):
    """Else the penalty would be blamed, which changes nothing."""
    with pytest.raises(ValueError, match=r"none of the 20 patterns is other than zero: no witness spikes"):
        train(xor(), start(2, 3, 1), n_gaussian=20, balanced=False, bias=(-50.0, 0.1), loss=loss, **reading)


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_a_program_that_does_not_close_names_the_fields(loss):
    words = r"program.penalties = \[1e-09\], program.tolerance = 1e-13: the relative duality gap .* above tolerance = 1e-13"
    with pytest.raises(ValueError, match=words):
        train(xor(), start(2, 3, 1), n_gaussian=60, penalties=[1e-9], tolerance=1e-13, loss=loss)


def test_copies_need_a_deviation_that_is_a_number():
    with pytest.raises(ValueError, match="deviation = nan: must be a finite number, 0 or more"):
        Dictionary(deviation=float("nan"))
