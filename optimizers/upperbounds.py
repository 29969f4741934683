"""This file is the boxes between a front of three objectives or more and the reference point; losses are minimised.

Lacour, Klamroth and Fonseca 2017, doi 10.1016/j.cor.2016.08.010: local upper bounds, updated point by point, and the
boxes they define. Applied once more to the bounds, mirrored, they cut the region that nothing dominates, as in Yang,
Emmerich, Deutz and Baeck 2019, doi 10.1007/s10898-019-00798-7 (BoTorch's way as well, here without tensors).
"""

import numpy as np

from optimizers.base import Array


def open_boxes(front: Array, reference: Array) -> tuple[Array, Array]:
    """Lower (k, m; -inf where open) and upper (k, m) corners of boxes that fill what front (n, m) leaves."""
    m = len(reference)
    bounds, _ = upper_bounds(front, np.full(m, -np.inf), reference)
    mirrored, defining = upper_bounds(-bounds, -reference, np.full(m, np.inf))
    low, high = corners(mirrored, defining, np.full(m, np.inf))
    return -high, -low


def upper_bounds(points: Array, ideal: Array, reference: Array) -> tuple[Array, Array]:
    """Local upper bounds U (k, m) of points (n, m) below the reference, and the points Z (k, m, m) defining each.

    Z[u, j] touches bound u in objective j. Algorithm 1 of Lacour et al.
    """
    m = len(reference)
    U = reference[None].copy()
    Z = np.repeat(ideal[None], m, 0)[None].copy()
    Z[0, np.arange(m), np.arange(m)] = reference
    for z in points:
        beyond = (z < U).all(1)
        if not beyond.any():
            continue
        bounds, defining = [U[~beyond]], [Z[~beyond]]
        A, own = U[beyond], Z[beyond]
        for j in range(m):
            keeps = z[j] >= np.delete(own[:, :, j], j, 1).max(1)
            shifted, touching = A[keeps], own[keeps]
            shifted[:, j], touching[:, j] = z[j], z
            bounds.append(shifted)
            defining.append(touching)
        U, Z = np.concatenate(bounds), np.concatenate(defining)
    return U, Z


def corners(U: Array, Z: Array, reference: Array) -> tuple[Array, Array]:
    """Lower and upper corners (k, m) of the boxes, not empty, of U (k, m) and Z (k, m, m); eq. 2 of Lacour et al."""
    low, high = np.empty_like(U), U.copy()
    low[:, 0], high[:, 0] = Z[:, 0, 0], reference[0]
    for j in range(1, U.shape[1]):
        low[:, j] = Z[:, :j, j].max(1)
    full = (low < high).all(1)
    return low[full], high[full]
