"""This file is how far one Wyckoff network's answers are from another's: Kullback-Leibler divergences."""

import math

import torch
from torch import Tensor

from eutectic.generators.wyckoff.geometry import Mixture
from eutectic.generators.wyckoff.network import Sequences

Distributions = tuple[Tensor, Tensor, Tensor]
"""As `GeneNetwork.log_distributions` gives them."""


def of_genes(agent: Distributions, prior: Distributions, genes: Sequences) -> Tensor:
    """(b,) nats: sum of KL(agent || prior) of all steps of the genes, at what was written before each of them."""
    groups, letters, elements = (_of_chances(a, p) for a, p in zip(agent, prior, strict=True))
    places = torch.arange(letters.shape[1])
    steps = places[None, :] <= genes.lengths[:, None]  # STOP is a step, too
    return groups + torch.where(steps, letters, 0.0).sum(1) + torch.where(genes.inside, elements, 0.0).sum(1)


def of_mixtures(agent: Mixture, prior: Mixture, free: Tensor, angles: bool) -> Tensor:
    """(...) nats: an upper bound on KL(agent || prior) over the numbers that are free (..., d).

    The chain rule for relative entropy (Cover & Thomas 2006, doi 10.1002/047174882X, theorem 2.5.3) with the component
    as a hidden variable: KL of the weights, and the weighted KL of components of the same place. It is 0 where nothing
    has changed.
    """
    each = _of_angles(agent, prior) if angles else _of_gaussians(agent, prior)
    components = torch.where(free[..., None, :], each, 0.0).sum(-1)
    weights = agent.log_weights.exp()
    return (weights * (agent.log_weights - prior.log_weights + components)).sum(-1)


def _of_chances(agent: Tensor, prior: Tensor) -> Tensor:
    return (agent.exp() * (agent - prior)).sum(-1)


def _of_gaussians(agent: Mixture, prior: Mixture) -> Tensor:
    ratio = agent.spreads / prior.spreads
    away = (agent.means - prior.means) / prior.spreads
    return 0.5 * (ratio**2 + away**2 - 1.0) - torch.log(ratio)


def _of_angles(agent: Mixture, prior: Mixture) -> Tensor:
    """Of von Mises densities with means in cycles: ln I0(k') - k' cos(m - m') A(k) - ln I0(k) + k A(k), A = I1 / I0."""
    bessel, other = torch.special.i0e(agent.spreads), torch.special.i0e(prior.spreads)
    drawn = torch.special.i1e(agent.spreads) / bessel
    turned = torch.cos(2 * math.pi * (agent.means - prior.means))
    scaled: Tensor = torch.log(other) + prior.spreads - torch.log(bessel) - agent.spreads
    return torch.add(scaled, drawn * (agent.spreads - prior.spreads * turned))
