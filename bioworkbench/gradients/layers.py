"""What a network of discrete-time neurons is made of, as the gradient engine sees it: records, which need no JAX before they compute."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from bioworkbench.discrete.lif import Reset
from bioworkbench.discrete.skips import Skip
from bioworkbench.gradients.attention import Attention
from bioworkbench.records.arrays import count
from bioworkbench.records.lazily import later

if TYPE_CHECKING:
    from jax import Array

__all__ = ["Attention", "Convolution", "Dense", "FeedForward", "Image", "Layer", "Neuron", "Pooled", "StepNoise"]

_convolved = later("jax.lax:conv_general_dilated")
_spike = later("bioworkbench.gradients.surrogate:spike")

Image = tuple[int, int, int]
"""Rows, columns and channels."""
_Signal = TypeVar("_Signal", "Array", np.ndarray)


@dataclass(frozen=True)
class Neuron:
    """Constants of `bioworkbench.neurons.discrete_lif`, one value for all neurons of a layer.

    Parameters
    ----------
    leak, threshold, reset, strict, floor, start
        As of `bioworkbench.neurons.discrete_lif`.
    """

    leak: float = 1.0
    threshold: float = 1.0
    reset: Reset = "subtract"
    strict: bool = False
    floor: float | None = None
    start: float = 0.0

    @property
    def left_at_start(self) -> float:
        """Potential that the first step begins with: the start, raised to the floor."""
        return self.start if self.floor is None else max(self.start, self.floor)


@dataclass(frozen=True)
class Dense:
    """Every input reaches every neuron; a mask may thin it out.

    Parameters
    ----------
    n_in, n_out : int
    """

    n_in: int
    n_out: int

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the weights: (n_in, n_out)."""
        return (self.n_in, self.n_out)

    @property
    def fan_in(self) -> int:
        """Inputs per neuron."""
        return self.n_in

    @property
    def normalized(self) -> bool:
        """Whether there is batch norm: never."""
        return False

    def apply(self, weights: "Array", bias: "Array", inputs: "Array") -> "Array":
        """Drive (n, n_out) of `inputs` (n, n_in) through `weights` (n_in, n_out), with `bias` (n_out,) added."""
        return inputs @ weights + bias


@dataclass(frozen=True)
class Convolution:
    """Square filters over an image, padded with zeros so that an output lies on every `stride`-th pixel.

    Parameters
    ----------
    image : (rows, columns, channels)
        Of the input.
    filters, size, stride : int
    normalized : bool
        Whether training has batch norm, one mean and variance for each filter; see `bioworkbench.gradients.normalization`.
    """

    image: Image
    filters: int
    size: int
    stride: int = 1
    normalized: bool = False

    def __post_init__(self) -> None:
        for name in ("filters", "size", "stride"):
            count(name, getattr(self, name))

    @property
    def n_in(self) -> int:
        """Number of inputs."""
        return int(np.prod(self.image))

    @property
    def image_out(self) -> Image:
        """Rows, columns and channels of the output."""
        rows, columns, _ = self.image
        return -(-rows // self.stride), -(-columns // self.stride), self.filters

    @property
    def n_out(self) -> int:
        """Number of neurons."""
        return int(np.prod(self.image_out))

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the weights: (size, size, channels, filters)."""
        return (self.size, self.size, self.image[2], self.filters)

    @property
    def fan_in(self) -> int:
        """Inputs per neuron away from the border."""
        return self.size**2 * self.image[2]

    def apply(self, weights: "Array", bias: "Array", inputs: "Array") -> "Array":
        """Drive (n, n_out) of `inputs` (n, n_in) through `weights` of `weight_shape`, with `bias` (filters,) added."""
        images = inputs.reshape((-1, *self.image))
        layout = ("NHWC", "HWIO", "NHWC")
        drive = _convolved(images, weights, (self.stride, self.stride), "SAME", dimension_numbers=layout)
        return (drive + bias).reshape(len(inputs), -1)


@dataclass(frozen=True)
class Pooled:
    """A layer that sees the averages over squares of pixels (average pooling).

    It has no neurons of its own: an average is linear, so that the weights from every pixel are those of its square, divided by the
    number of pixels in it.

    Parameters
    ----------
    image : (rows, columns, channels)
        Of the input.
    side : int
        Pixels along a side of a square; divides rows and columns.
    layer : Dense or Convolution
        What sees the averages, in the order row, column, channel.

    Raises
    ------
    ValueError
        If the side does not divide the image.
    """

    image: Image
    side: int
    layer: Dense | Convolution

    def __post_init__(self) -> None:
        count("side", self.side)
        if any(size % self.side for size in self.image[:2]):
            raise ValueError(
                f"side = {self.side}: an image of {self.image[0]} x {self.image[1]} pixels has no whole number of such squares; "
                "choose a divisor of both"
            )

    @property
    def image_pooled(self) -> Image:
        """Rows, columns and channels of the averages."""
        rows, columns, channels = self.image
        return rows // self.side, columns // self.side, channels

    @property
    def n_in(self) -> int:
        """Number of inputs."""
        return int(np.prod(self.image))

    @property
    def n_out(self) -> int:
        """Number of neurons."""
        return self.layer.n_out

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the weights: that of the layer."""
        return self.layer.weight_shape

    @property
    def fan_in(self) -> int:
        """Averages per neuron."""
        return self.layer.fan_in

    @property
    def normalized(self) -> bool:
        """Whether there is batch norm."""
        return self.layer.normalized

    def apply(self, weights: "Array", bias: "Array", inputs: "Array") -> "Array":
        """Drive (n, n_out) of `inputs` (n, n_in) through `weights` of `weight_shape` behind the averages, with `bias` added."""
        rows, columns, channels = self.image_pooled
        squares = inputs.reshape(-1, rows, self.side, columns, self.side, channels)
        return self.layer.apply(weights, bias, squares.mean(axis=(2, 4)).reshape(len(inputs), -1))


Layer = Dense | Convolution | Pooled | Attention
"""Kinds of layers."""


@dataclass(frozen=True)
class FeedForward:
    """Layers of neurons and a linear output layer.

    Parameters
    ----------
    layers : sequence of `Dense`, `Convolution`, `Pooled` or `Attention`
        One more than `neurons`: the last is the output.
    neurons : sequence of `Neuron`
    surrogate : str
        Key of `bioworkbench.gradients.surrogate.SURROGATES`.
    width : float
        Of the surrogate.
    skips : tuple of Skip
        What neurons see besides of an earlier layer in the same step; their weights are not trained.

    Raises
    ------
    ValueError
        If sizes of layers, or the numbers of layers and neurons, do not fit.
    """

    layers: tuple[Layer, ...]
    neurons: tuple[Neuron, ...]
    surrogate: str = "gaussian"
    width: float = 0.4
    skips: tuple[Skip, ...] = ()

    def __post_init__(self) -> None:
        if len(self.layers) != len(self.neurons) + 1:
            raise ValueError(f"{len(self.layers)} layers and {len(self.neurons)} neurons: the last layer, the output, has none")
        for before, after in zip(self.layers[:-1], self.layers[1:], strict=True):
            if before.n_out != after.n_in:
                raise ValueError(f"a layer of {before.n_out} neurons is followed by one that expects {after.n_in} inputs")
        for skip in self.skips:
            one, other = (self.layers[number].n_out for number in (skip.source, skip.target))
            if one != other:
                raise ValueError(
                    f"layers {skip.source} and {skip.target} have {one} and {other} neurons; a skip leads from one to another of its size"
                )

    def with_skips(self, number: int, drive: _Signal, signals: Sequence[_Signal]) -> _Signal:
        """Drive of the neurons of a layer with what its skips add.

        Parameters
        ----------
        number : int
            Of the layer.
        drive : array (..., n_neurons, ...)
            By its weights.
        signals : sequence of array, as drive
            What the layers before it gave.

        Returns
        -------
        array, as drive
        """
        for skip in self.skips:
            if skip.target == number:
                drive = drive + skip.weight * signals[skip.source]
        return drive

    def fire(self, neuron: Neuron, margin: "Array") -> "Array":
        """Spikes of a `neuron` where its potential exceeds the threshold by `margin`, with the surrogate's derivative."""
        return _spike(margin, self.surrogate, self.width, neuron.strict)


@dataclass(frozen=True)
class StepNoise:
    """Noise that stands in for the potential left by the step before.

    Parameters
    ----------
    kind : {"gauss", "uniform"}
    backward : {"surrogate", "expected"}
        Derivative of a spike: a bump around the threshold, or that of the firing probability.
    """

    kind: str = "gauss"
    backward: str = "surrogate"
