"""`Optimization` and `Images`: how gradient training proceeds, as plain numbers and names that need no gradient library."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bioworkbench.records.arrays import count, non_negative, positive
from bioworkbench.records.checkpoints import check_checkpoint
from bioworkbench.records.counted import counted
from bioworkbench.records.drawing import EVERYTHING
from bioworkbench.records.errors import unknown_name

__all__ = ["OPTIMIZERS", "SCHEDULES", "SURROGATES", "ConvolvedImages", "Images", "Optimization"]

OPTIMIZERS = ("adam", "sgd")
SCHEDULES = ("constant", "linear", "cosine")
SURROGATES = ("gaussian", "arctan", "fast_sigmoid", "sigmoid", "triangle")


@dataclass(frozen=True)
class Optimization:
    """How to optimize.

    Parameters
    ----------
    epochs, batch_size : int
        The last, incomplete batch of an epoch is left out, so that every update sees arrays of one shape.
    learning_rate : float
        Of the first update.
    optimizer : {"adam", "sgd"}
        "sgd" has momentum 0.9.
    schedule : {"constant", "linear", "cosine"}
        Of the learning rate, over all epochs; "linear" ends at 1 % and "cosine" at 0.1 % of the start.
    weight_decay : float
        Decoupled, per update and unit of the learning rate. Weights alone decay: biases, intercepts, scales of batch norm and a learned
        deviation of noise do not.
    average : float
        Decay per update of the moving average of the parameters that is validated and returned, below 1; 0 averages nothing.
    patience : int, optional
        Stop after so many epochs without a better validation score; needs validation trials.
    keep : {"best", "last"}
        Which parameters to return where there is a validation score.
    surrogate : {"gaussian", "arctan", "fast_sigmoid", "sigmoid", "triangle"}
        Derivative that stands in for that of a spike.
    surrogate_width : float
        Of the surrogate, in units of the threshold.
    checkpoint : str, optional
        File (.npz) that an interrupted training continues from, with the same result.

    Raises
    ------
    ValueError
        If a number is out of range or a name unknown.
    """

    epochs: int
    batch_size: int = 128
    learning_rate: float = 1e-3
    optimizer: str = "adam"
    schedule: str = "cosine"
    weight_decay: float = 0.0
    average: float = 0.0
    patience: int | None = None
    keep: str = "best"
    surrogate: str = "gaussian"
    surrogate_width: float = 0.4
    checkpoint: str | None = None

    def __post_init__(self) -> None:
        count("epochs", self.epochs)
        count("batch_size", self.batch_size)
        positive("learning_rate", self.learning_rate)
        non_negative("weight_decay", self.weight_decay)
        if not 0 <= self.average < 1:
            raise ValueError(f"average = {self.average}: must be at least 0 and below 1; at 1 nothing that is learned comes back")
        positive("surrogate_width", self.surrogate_width)
        names = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES, "keep": ("best", "last"), "surrogate": SURROGATES}
        for what, known in names.items():
            if getattr(self, what) not in known:
                raise ValueError(unknown_name(getattr(self, what), what, known))
        if self.patience is not None:
            count("patience", self.patience)

    def check_size(self, n_trials: int) -> None:
        """Raise ValueError if a batch is larger than the training set.

        Parameters
        ----------
        n_trials : int
            Training trials.
        """
        if n_trials < self.batch_size:
            raise ValueError(f"batch_size = {self.batch_size} exceeds the {n_trials} training trials; choose a smaller one")

    def check_start(self, n_trials: int, *, validated: bool) -> None:
        """Raise ValueError if a training cannot start so: see `check_size`; if patience has no score, or a checkpoint no folder.

        Parameters
        ----------
        n_trials : int
            Training trials.
        validated : bool
            Whether epochs are scored.
        """
        self.check_size(n_trials)
        self.check_patience(validated=validated)
        check_checkpoint(self.checkpoint)

    def check_patience(self, *, validated: bool) -> None:
        """Raise ValueError if patience has no score to look at.

        Parameters
        ----------
        validated : bool
            Whether epochs are scored.
        """
        if self.patience is not None and not validated:
            raise ValueError(
                f"patience = {self.patience}: nothing is scored without validation trials; give some, or leave it out"
            )


@dataclass(frozen=True)
class Images:
    """How the values of a trial form an image, and how training images are varied.

    Parameters
    ----------
    shape : (rows, columns, channels), optional
        Of the input; needed to move images.
    shift : int
        Move training images by up to so many pixels.
    rotation : float
        Turn them by up to so many degrees, either way.
    scaling : float
        Make them larger or smaller by up to this fraction, below 1.
    mirrored : bool
        Mirror every other training image, drawn anew each time, left to right.

    Raises
    ------
    ValueError
        If images are changed and have no shape, or a number is negative, too large, or not whole where it counts something.
    """

    shape: tuple[int, int, int] | None = None
    shift: int = 0
    rotation: float = 0.0
    scaling: float = 0.0
    mirrored: bool = False

    def __post_init__(self) -> None:
        if self.shape is not None:
            if len(self.shape) != 3:
                raise ValueError(f"shape = {self.shape}: must be rows, columns and channels, such as (28, 28, 1)")
            for size in self.shape:
                count("size of an image", size)
        count("shift", self.shift, least=0)
        non_negative("rotation", self.rotation)
        if not 0 <= self.scaling < 1:
            raise ValueError(f"scaling = {self.scaling}: must be at least 0 and below 1; 0.1 gives images .9 to 1.1 as large")
        for name in ("shift", "rotation", "scaling", "mirrored"):
            if getattr(self, name) and self.shape is None:
                raise ValueError(
                    f"{name} = {getattr(self, name)}: say how the channels form an image, such as shape = (28, 28, 1)"
                )

    def check_channels(self, n_channels: int) -> None:
        """Raise ValueError if images of this shape have another number of values than a trial has channels.

        Parameters
        ----------
        n_channels : int
            Of the input.
        """
        if self.shape is not None and math.prod(self.shape) != n_channels:
            raise ValueError(
                f"shape = {self.shape}: an image has {counted(math.prod(self.shape), 'value')}, and the input "
                f"{counted(n_channels, 'channel')}; "
                "rows, columns and channels must multiply to that number"
            )


@dataclass(frozen=True)
class ConvolvedImages(Images):
    """Images, and the convolutions that see them first.

    Parameters
    ----------
    convolutions : sequence of (filters, size, stride)
        Of the first populations, whose projections in the network are replaced by them; they need a shape. A size of 1 is a linear layer
        that all pixels share.
    attention : sequence of (population, heads, scale)
        Populations among these, by their number from 0, that see the self-attention of the population before them instead, whose
        channels are queries, keys and values in equal parts (`bioworkbench.gradients.attention`). Convolutions are those of the others.
    pooling : sequence of int
        Sides of the squares of pixels whose average is seen by each of these populations, in order, and then by the first linear layer:
        1 is the pixel itself, as for those left out and for attention. Where a linear layer sees averages, its weights are drawn too.
    normalized : bool
        Train the convolutions with batch norm. The network that comes back has it in its weights and in the biases of its neurons.

    Raises
    ------
    ValueError
        As `Images`; if a convolution or attention has not three numbers; if there is pooling for more layers than the convolutions and
        one, or batch norm without convolutions; if attention does not follow convolutions, has averages before it, or is that of a
        population twice.
    """

    convolutions: Sequence[tuple[int, int, int]] = ()
    pooling: Sequence[int] = ()
    normalized: bool = False
    attention: Sequence[tuple[int, int, float]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_entries()
        for side in self.pooling:
            count("pooling", side)
        most = self.n_convolved + 1 if self.convolutions else 0
        if len(self.pooling) > most:
            attending = f", {counted(len(self.attention), 'population')} with attention" if self.attention else ""
            raise ValueError(
                f"pooling = {list(self.pooling)}: {counted(len(self.convolutions), 'convolution')}{attending} and the linear layer "
                f"behind them take {most} at most"
            )
        if self.normalized and not self.convolutions:
            raise ValueError(
                f"normalized = {self.normalized}: batch norm is of convolutions, and there are none; give convolutions"
            )
        numbers = [number for number, _, _ in self.attention]
        for number in numbers:
            if not 0 < number < self.n_convolved or numbers.count(number) > 1 or self.side(number) > 1:
                raise ValueError(
                    f"attention = {[list(one) for one in self.attention]} with {counted(len(self.convolutions), 'convolution')} and "
                    f"pooling = {list(self.pooling)}: population {number} must follow a convolution, be named once, and see no averages"
                )

    def _check_entries(self) -> None:
        parts = {"convolutions": "filters, size, stride", "attention": "population, heads, scale"}
        for name, wanted in parts.items():
            for entry in getattr(self, name):
                if not isinstance(entry, Sequence) or len(entry) != 3:
                    raise ValueError(f"{name} has the entry {entry!r}; each is a list of three numbers: {wanted}")

    @property
    def n_convolved(self) -> int:
        """Populations that see a convolution or attention: the first ones."""
        return len(self.convolutions) + len(self.attention)

    def drawn(self, layer: int, usually: frozenset[str]) -> frozenset[str]:
        """Everything up to the last `layer` of convolutions, attention and averages of pixels is drawn; behind it what is `usually`."""
        return EVERYTHING if layer < max(self.n_convolved, len(self.pooling)) else usually

    def attention_of(self, number: int) -> tuple[int, float] | None:
        """Heads and scale of a population's attention; None where it has none.

        Parameters
        ----------
        number : int
            Of the population, from 0.

        Returns
        -------
        (heads, scale) or None
        """
        return next(((heads, scale) for own, heads, scale in self.attention if own == number), None)

    def convolution_of(self, number: int) -> tuple[int, int, int]:
        """Convolution of a population that sees one.

        Parameters
        ----------
        number : int
            Of the population, from 0.

        Returns
        -------
        (filters, size, stride)
        """
        return self.convolutions[number - sum(own < number for own, _, _ in self.attention)]

    def side(self, number: int) -> int:
        """Side of the squares of pixels before a layer.

        Parameters
        ----------
        number : int
            Of the layer, from 0.

        Returns
        -------
        int
        """
        return self.pooling[number] if number < len(self.pooling) else 1
