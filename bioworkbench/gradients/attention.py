"""Spiking self-attention: a layer without weights, whose drive is a product of spikes."""

from dataclasses import dataclass
from math import frexp, prod
from typing import TYPE_CHECKING

from bioworkbench.records.arrays import count, positive

if TYPE_CHECKING:
    from jax import Array

__all__ = ["Attention"]


@dataclass(frozen=True)
class Attention:
    """Queries, keys and values of all pixels: the drive is ``scale * queries @ keys.T @ values``, head by head, without softmax.

    A pixel is a token. The product counts, for each token and channel, in how many ways a query of the token, a key of any token and
    a value of that one spike in the same step. What the neurons see has no weights, only a bias for each channel.

    Zhou et al. (2022), Spikformer, arXiv:2209.15425.

    Parameters
    ----------
    image : (rows, columns, channels)
        Of the input: a third of the channels are queries, then keys, then values, each with its heads one after the other.
    heads : int
        Divides that third.
    scale : float
        What one coincidence adds to the drive. A power of two, such as .125, so that sums of it have no rounding: what reaches a
        threshold does not depend on their order.

    Raises
    ------
    ValueError
        If channels cannot be divided so, or the scale is no power of two.

    Examples
    --------
    Two tokens of one head with two channels; the key of token 1 agrees with the query of token 0 in one channel.

    >>> import numpy as np
    >>> queries, keys, values = [[1, 0], [0, 0]], [[0, 0], [1, 1]], [[1, 0], [0, 1]]
    >>> layer = Attention((1, 2, 6), heads=1, scale=0.5)
    >>> spikes = np.concatenate([queries, keys, values], axis=1).reshape(1, -1)
    >>> layer.apply(np.zeros(layer.weight_shape), np.zeros(2), spikes)
    array([[0. , 0.5, 0. , 0. ]])
    """

    image: tuple[int, int, int]
    heads: int
    scale: float

    def __post_init__(self) -> None:
        count("heads", self.heads)
        positive("scale", self.scale)
        if self.image[2] % (3 * self.heads):
            raise ValueError(
                f"heads = {self.heads}: {self.image[2]} channels are no equal parts of queries, keys and values for each head; "
                f"choose a multiple of {3 * self.heads} filters"
            )
        if frexp(self.scale)[0] != 0.5:
            raise ValueError(f"scale = {self.scale}: must be a power of two, such as 0.125, so that sums of it are exact")

    @property
    def n_in(self) -> int:
        """Number of inputs."""
        return prod(self.image)

    @property
    def image_out(self) -> tuple[int, int, int]:
        """Rows, columns and channels of the output."""
        rows, columns, channels = self.image
        return rows, columns, channels // 3

    @property
    def n_out(self) -> int:
        """Number of neurons."""
        return prod(self.image_out)

    @property
    def n_products(self) -> int:
        """Triples of a query, a key and a value: each is a neuron in Brian2, as `bioworkbench.discrete.coincidences` has it."""
        rows, columns, width = self.image_out
        return (rows * columns) ** 2 * width * (width // self.heads)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the weights, of which there are none: that of a convolution without rows and columns."""
        return (0, 0, self.image[2], self.image_out[2])

    @property
    def fan_in(self) -> int:
        """Inputs per neuron: the channels of its head, of all tokens."""
        return self.n_in // self.heads

    @property
    def normalized(self) -> bool:
        """Whether there is batch norm: never."""
        return False

    def apply(self, weights: "Array", bias: "Array", inputs: "Array") -> "Array":
        """Drive (n, n_out) of spikes `inputs` (n, n_in), with `bias` (channels,) added; there are no `weights`."""
        _, _, width = self.image_out
        parts = inputs.reshape(len(inputs), -1, 3, self.heads, width // self.heads)
        queries, keys, values = parts.transpose(2, 0, 3, 1, 4)  # each (n, heads, tokens, channels of a head)
        # keys with values first: that costs tokens times channels squared, and the result is the same
        found = queries @ (keys.swapaxes(-1, -2) @ values)
        return (self.scale * found.swapaxes(1, 2).reshape(len(inputs), -1, width) + bias).reshape(len(inputs), -1)
