"""The layers of a worked example of a remove-and-regrow step, with every number computed by hand."""

import numpy as np
from scipy import sparse

TOY_LINKS = {  # four sources, four targets
    (0, 1): 0.8, (0, 2): -0.3,
    (1, 0): 0.5, (1, 1): -0.4, (1, 3): 0.2,
    (2, 0): -0.6, (2, 1): 0.1, (2, 2): 0.7,
    (3, 2): 0.9, (3, 3): -0.05,
}  # fmt: skip
OUTPUT_LINKS = {(0, 0): 0.5, (0, 1): 0.4, (1, 0): -0.3, (2, 1): 0.6, (3, 1): 0.05}


def layer(links: dict, shape: tuple[int, int]) -> sparse.csr_array:
    rows, columns = np.array(list(links)).T
    weights = sparse.csr_array((np.array(list(links.values())), (rows, columns)), shape=shape)
    weights.sort_indices()
    return weights


def first_layer() -> sparse.csr_array:
    return layer(TOY_LINKS, (4, 4))


def second_layer() -> sparse.csr_array:
    return layer(OUTPUT_LINKS, (4, 2))
