"""Random spiking networks as scikit-learn estimators: `SpikingReservoirClassifier`, `SpikingReservoirRegressor`.

Each row of a table drives a frozen random recurrent network as a constant current for a while; a linear readout is fitted to what
its neurons do. The estimators also transform: from a row to the features that the readout sees.

The default neuron lives in discrete time and is run by its NumPy twin (`bioworkbench.discrete`), which spikes exactly as Brian2
does and has nothing to compile, so that a fit of a small table takes milliseconds. Any other neuron model, or a named backend,
runs in Brian2.
"""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# scikit-learn is not typed

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse, special
from sklearn.base import BaseEstimator, ClassifierMixin, ClassNamePrefixFeaturesOutMixin, RegressorMixin, TransformerMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Tags, check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from bioworkbench.discrete.lif import DiscreteLIF
from bioworkbench.discrete.simulate import simulate_discrete
from bioworkbench.experiment.spec.places import Place
from bioworkbench.experiment.spec.values import chosen
from bioworkbench.neurons import NEURON_MODELS, NeuronModel
from bioworkbench.readout.features import FEATURES
from bioworkbench.readout.fits import READOUTS
from bioworkbench.readout.trials import blocked_features
from bioworkbench.records.arrays import Floats, count, finite, positive
from bioworkbench.records.choice import Choice
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.records.network import INPUT, Network, Population, Projection
from bioworkbench.records.randomness import stream
from bioworkbench.records.recording import Recording
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import simulate
from bioworkbench.topology.generators import TOPOLOGIES

__all__ = ["SpikingReservoirClassifier", "SpikingReservoirRegressor"]

_NEURONS = "reservoir"
_MODEL = {"kind": "discrete_lif", "leak": 0.8}
_TOPOLOGY = {"kind": "bernoulli", "p": 0.1}

Kind = str | Mapping[str, Any] | Callable[..., Any]


class _SpikingReservoir(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What classifier and regressor share: the network, and the features of its spikes."""

    readout_: LinearReadout

    def __init__(
        self,
        n_neurons: int = 100,
        *,
        model: Kind | NeuronModel | None = None,
        topology: Kind | None = None,
        input_scale: float = 0.5,
        bias_scale: float = 0.5,
        recurrent_scale: float = 0.2,
        n_steps: int = 20,
        dt: float = 1e-3,
        feature: Kind = "spike_counts",
        readout: str = "ridge",
        penalty: float | None = 1e-2,
        backend: str = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_neurons = n_neurons
        self.model = model
        self.topology = topology
        self.input_scale = input_scale
        self.bias_scale = bias_scale
        self.recurrent_scale = recurrent_scale
        self.n_steps = n_steps
        self.dt = dt
        self.feature = feature
        self.readout = readout
        self.penalty = penalty
        self.backend = backend
        self.random_state = random_state

    def transform(self, X: ArrayLike) -> Floats:
        """Features (n_samples, n_features_out) of the spikes that each row of a table (n_samples, n_features) causes."""
        check_is_fitted(self)
        return self._features(validate_data(self, X, reset=False, dtype=np.float64))

    def _outputs(self, X: ArrayLike) -> Floats:
        features = self.transform(X)
        return self.readout_.outputs(features)

    def _fit(self, X: Floats, targets: np.ndarray) -> None:
        if len(X) < 2:
            raise ValueError(f"n_samples = {len(X)}: a readout needs two rows or more")
        self.mean_, self.scale_ = X.mean(axis=0), X.std(axis=0)
        self.scale_[self.scale_ <= 1e-12 * np.abs(self.mean_)] = 1.0
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.network_ = self._network(X.shape[1])
        features = self._features(X)
        self._n_features_out = features.shape[1]
        penalty = {} if self.penalty is None else {"penalty": self.penalty}
        readout = _choice({"kind": self.readout, **penalty}, "readout", READOUTS)
        self.readout_ = READOUTS[readout.kind](features, targets, **readout.arguments)

    def _network(self, n_features: int) -> Network:
        """Frozen network whose last input channel, always on, gives every neuron a bias of its own."""
        n = count("n_neurons", self.n_neurons)
        weights, links = stream(self.seed_, "weights"), stream(self.seed_, "topology")
        inputs = weights.normal(0, 1, (n_features + 1, n))
        inputs[:-1] *= finite("input_scale", self.input_scale) / np.sqrt(n_features)
        inputs[-1] *= finite("bias_scale", self.bias_scale)
        choice = _choice(self.topology or _TOPOLOGY, "topology", TOPOLOGIES, fixed=("recurrent",))
        mask = TOPOLOGIES[choice.kind](n, n, links, recurrent=True, **choice.arguments)
        strength = finite("recurrent_scale", self.recurrent_scale) / np.sqrt(max(1.0, mask.nnz / n))
        recurrent = sparse.csr_array((weights.normal(0, strength, mask.nnz), mask.indices, mask.indptr), shape=mask.shape)
        projections = (Projection(INPUT, _NEURONS, sparse.csr_array(inputs)), Projection(_NEURONS, _NEURONS, recurrent))
        return Network((Population(_NEURONS, n, _model(self.model)),), projections[: 2 if mask.nnz else 1])

    def _features(self, X: Floats) -> Floats:
        scaled = (X - self.mean_) / self.scale_
        values = np.concatenate([scaled, np.ones((len(scaled), 1))], axis=1)[:, None, :]
        feature = _choice(self.feature, "feature", FEATURES)
        found = blocked_features(self.network_, self._stimulus, values, self._simulate, self.seed_, feature=feature)
        return found.astype(float)

    def _stimulus(self, values: np.ndarray) -> Stimulus:
        return Stimulus(values, count("n_steps", self.n_steps) * positive("dt", self.dt), "current")

    def _simulate(
        self, network: Network, stimulus: Stimulus, seed: int, *, counts: bool = False, record: tuple[str, ...] = ()
    ) -> Recording:
        if self.backend == "auto" and isinstance(network.populations[0].model.discrete, DiscreteLIF):
            return simulate_discrete(network, stimulus, dt=self.dt, rng=stream(seed, "noise"))
        return simulate(network, stimulus, seed, dt=self.dt, backend=self.backend, counts=counts, record=record)


def _choice(given: Kind, what: str, table: Mapping[str, Any], fixed: tuple[str, ...] = ()) -> Choice:
    return chosen(given, what, table, Place(what), {}, fixed)


def _model(given: Kind | NeuronModel | None) -> NeuronModel:
    if isinstance(given, NeuronModel):
        return given
    choice = _choice(given or _MODEL, "model", NEURON_MODELS)
    return NEURON_MODELS[choice.kind](**choice.arguments)


class SpikingReservoirClassifier(ClassifierMixin, _SpikingReservoir):
    """Classifier: rows of a table drive a frozen random spiking network, whose spikes a linear readout classifies.

    Parameters
    ----------
    n_neurons : int
    model : NeuronModel, name or mapping, optional
        A neuron model, or its name and settings as a spec gives them: ``{"kind": "noisy_lif", "tau": "20 ms"}``. By default a
        `bioworkbench.neurons.discrete_lif` of leak 0.8.
    topology : name or mapping, optional
        Links between the neurons, as a spec gives them; by default ``{"kind": "bernoulli", "p": 0.1}``.
    input_scale : float
        Standard deviation, over neurons, of the current that a standardized row brings; in the unit of the model's ``drive``.
        Columns are standardized with their mean and deviation over the training rows.
    bias_scale : float
        Standard deviation of the neurons' constant currents, same unit.
    recurrent_scale : float
        Standard deviation of the weights times the root of the mean number of inputs per neuron; in the unit of the variable
        that the model receives spikes in.
    n_steps : int
    dt : float, seconds
        Number of steps for which a row is shown, and how long a step is.
    feature : name or mapping
        What the readout sees, as in a spec: "spike_counts", ``{"kind": "filtered_spikes", "tau": "5 ms"}``, ...
    readout : {"ridge", "logistic", "linear_svm", "lasso"}
    penalty : float, optional
        Of the readout; None chooses it by cross-validation on the training rows.
    backend : str
        "auto" runs `discrete_lif` in NumPy and other models in C++ where there is a compiler; or a backend of
        `bioworkbench.simulate`.
    random_state : int, RandomState or None
        Seeds topology, weights and noise; a noisy model draws the same noise in every call.

    Attributes
    ----------
    network_ : Network
    readout_ : LinearReadout
    mean_, scale_ : array (n_features,)
    seed_ : int
    classes_ : array (n_classes,)

    References
    ----------
    Maass, Natschläger & Markram (2002), doi:10.1162/089976602760407955.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> X, y = make_moons(400, noise=0.1, random_state=1)
    >>> model = SpikingReservoirClassifier(random_state=1).fit(X[:200], y[:200])
    >>> model.score(X[200:], y[200:]) > 0.95
    True
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> "SpikingReservoirClassifier":
        """Draw the network and fit the readout to rows and their classes.

        Parameters
        ----------
        X : array (n_samples, n_features)
        y : array (n_samples,)
            Classes, of any type that scikit-learn takes.

        Returns
        -------
        SpikingReservoirClassifier
            Itself.

        Raises
        ------
        ValueError
            If `y` holds fewer than two classes.
        """
        rows, classes = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(classes)
        coder = LabelEncoder()
        labels = np.asarray(coder.fit_transform(classes))
        self.classes_ = coder.classes_
        if len(self.classes_) < 2:
            raise ValueError(f"y holds one class, {self.classes_.tolist()}; a classifier needs two classes or more")
        self._fit(rows, labels.astype(np.int64))
        return self

    def decision_function(self, X: ArrayLike) -> Floats:
        """Outputs of the readout; for two classes the difference of the two.

        Parameters
        ----------
        X : array (n_samples, n_features)

        Returns
        -------
        array (n_samples, n_classes), or (n_samples,) for two classes
        """
        outputs = self._outputs(X)
        return outputs[:, 1] - outputs[:, 0] if len(self.classes_) == 2 else outputs

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Classes with the largest output.

        Parameters
        ----------
        X : array (n_samples, n_features)

        Returns
        -------
        array (n_samples,)
        """
        best = self._outputs(X).argmax(axis=1)
        return self.classes_[best]

    @available_if(lambda self: self.readout == "logistic")
    def predict_proba(self, X: ArrayLike) -> Floats:
        """Probabilities of the classes; with readout "logistic".

        Parameters
        ----------
        X : array (n_samples, n_features)

        Returns
        -------
        array (n_samples, n_classes)
        """
        return special.softmax(self._outputs(X), axis=1)


class SpikingReservoirRegressor(RegressorMixin, _SpikingReservoir):
    """Regressor: rows of a table drive a frozen random spiking network, whose spikes a linear readout turns into values.

    Parameters and attributes are those of `SpikingReservoirClassifier`, without classes; "ridge" and "lasso" fit values.

    References
    ----------
    Maass, Natschläger & Markram (2002), doi:10.1162/089976602760407955.

    Examples
    --------
    >>> x = np.linspace(-3, 3, 200)[:, None]
    >>> model = SpikingReservoirRegressor(random_state=1).fit(x, np.sin(x[:, 0]))
    >>> model.score(x, np.sin(x[:, 0])) > 0.95
    True
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> "SpikingReservoirRegressor":
        """Draw the network and fit the readout to rows and their values.

        Parameters
        ----------
        X : array (n_samples, n_features)
        y : array (n_samples,) or (n_samples, n_outputs)

        Returns
        -------
        SpikingReservoirRegressor
            Itself.
        """
        rows, values = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        self.one_output_ = np.ndim(values) == 1
        self._fit(rows, np.asarray(values, dtype=float).reshape(len(rows), -1))
        return self

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: ArrayLike) -> Floats:
        """Values that the readout gives.

        Parameters
        ----------
        X : array (n_samples, n_features)

        Returns
        -------
        array (n_samples,) or (n_samples, n_outputs)
            As the values of the fit.
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if self.one_output_ else outputs
