"""This file is the two ways from noise to a crystal, with one network: flow matching, and diffusion.

Flow (Lipman et al. 2023, arXiv 2210.02747; for crystals Miller et al. 2024, FlowMM, arXiv 2406.04713): straight ways
between noise and crystal, on the torus the shortest. Diffusion (Jiao et al. 2023, arXiv 2309.04475; Zeni et al. 2025,
doi 10.1038/s41586-025-08628-5): a wrapped normal density around each coordinate whose deviation grows from 0.005 to
0.5, and a variance-preserving one with a cosine schedule for the cell. Types are absorbed by a mask in both (Austin et
al. 2021, arXiv 2107.03006): an atom's is revealed with the probability t.
"""

import math
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from eutectic.generators.diffusion.network import MASK, State, Step
from eutectic.generators.diffusion.torus import nearest, scale_of_score, score, wrapped

Interpolant = Literal["flow", "diffusion"]
COORDINATES, TYPES = 24.0, 0.2
"""Weights of the losses of coordinates (a uniform difference has a variance of 1/12) and of types beside the cell's."""
NARROW, WIDE = 0.005, 0.5
"""Deviations of the wrapped normal density at the crystal and at noise, as in DiffCSP."""
NEAREST = 0.1
"""Errors of a flow's way left count by their square over (1 - t)^2 + this^2: as velocities, but finitely at the end."""


def deviation(time: Tensor) -> Tensor:
    """Of coordinates, at times from 0 (noise) to 1."""
    return NARROW ** time.clamp(0, 1) * WIDE ** (1 - time.clamp(0, 1))


def kept(time: Tensor) -> Tensor:
    """Amplitude of the crystal's cell in the noisy one (Nichol & Dhariwal 2021, arXiv 2102.09672, eq. 17)."""
    s = (1 - time.clamp(0, 1)) * 0.999
    return torch.cos((s + 0.008) / 1.008 * math.pi / 2).clamp(1e-3, 1.0)


def between(kind: Interpolant, time: Tensor, noise: State, crystal: State) -> tuple[Tensor, Tensor]:
    """Cells and coordinates at those times (b,); noise has normal cells and, in a flow, uniform coordinates."""
    t, at = time[:, None], time[:, None, None]
    if kind == "flow":
        cells = (1 - t) * noise.cells + t * crystal.cells
        return cells, noise.fractional + at * wrapped(crystal.fractional - noise.fractional)
    amplitude = kept(t)
    cells = amplitude * crystal.cells + torch.sqrt(1 - amplitude**2) * noise.cells
    return cells, crystal.fractional + deviation(at) * noise.fractional


def targets(kind: Interpolant, time: Tensor, noise: State, crystal: State) -> tuple[Tensor, Tensor]:
    """What the network is to say of cells and coordinates there."""
    if kind == "flow":
        left = 1 - time[:, None]
        ways = wrapped(crystal.fractional - noise.fractional)
        return left * (crystal.cells - noise.cells), left[..., None] * _centred(ways, crystal.inside)
    spread = deviation(time)[:, None, None].expand_as(noise.fractional)
    away = wrapped(spread * noise.fractional)
    return noise.cells, _centred(spread * score(away, spread) / scale_of_score(spread), crystal.inside)


def losses(kind: Interpolant, said: Step, noise: State, crystal: State, time: Tensor, types: Tensor) -> Tensor:
    """(b,) loss of each crystal, of which `types` (b, n) were revealed."""
    cells, fractional = targets(kind, time, noise, crystal)
    weight = crystal.inside.to(cells.dtype)
    counts = weight.sum(dim=1)
    of_cells = ((said.cells - cells) ** 2).mean(dim=1)
    of_coordinates = (((said.fractional - fractional) ** 2).mean(dim=2) * weight).sum(dim=1) / counts
    hidden = (types == MASK) & crystal.inside
    each = cross_entropy(said.types.transpose(1, 2), crystal.types, reduction="none")
    of_types = (each * hidden).sum(dim=1) / hidden.sum(dim=1).clamp(min=1)
    if kind == "diffusion":
        return of_cells + of_coordinates + TYPES * of_types
    return (of_cells + COORDINATES * of_coordinates) / ((1 - time) ** 2 + NEAREST**2) + TYPES * of_types


def arrived(said: Step, state: State) -> State:
    """The crystal that a flow's network sees at the end of the way."""
    return replace(state, cells=state.cells + said.cells, fractional=state.fractional + said.fractional)


def left(crystal: State, time: float, noise: tuple[Tensor, Tensor]) -> State:
    """A flow's state at a time, on a new way to a crystal, from normal cells (b, 6) and uniform points (b, n, 3).

    As in training, whatever way led there: a state between two crystals is not kept, but led to one of them.
    """
    places, types = crystal.fractional.double().numpy(), crystal.types.numpy()
    points = nearest(noise[1].double().numpy(), places, types, crystal.inside.numpy())
    start = replace(crystal, cells=noise[0], fractional=torch.as_tensor(points, dtype=torch.float32))
    at = torch.full((len(places),), time)
    cells, fractional = between("flow", at, start, crystal)
    return replace(crystal, cells=cells, fractional=fractional, time=at)


def denoised(said: Step, state: State, end: float, noise: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Cells and coordinates of a diffusion at the time `end`, one step further; normal noise as of `state`."""
    now, then = deviation(state.time)[0], deviation(torch.tensor(end))
    clean = (state.cells - torch.sqrt(1 - kept(state.time)[0] ** 2) * said.cells) / kept(state.time)[0]
    cells = _posterior(state.cells, clean.clamp(-4, 4), kept(state.time)[0], kept(torch.tensor(end)), noise[0])
    slope = said.fractional * scale_of_score(now[None])[0] / now
    chance = torch.sqrt(then**2 * (now**2 - then**2) / now**2)
    fractional = state.fractional + (now**2 - then**2) * slope + (chance * noise[1] if end < 1 else 0.0)
    return cells if end < 1 else clean, fractional


def _posterior(cells: Tensor, clean: Tensor, now: Tensor, then: Tensor, noise: Tensor) -> Tensor:
    """Cells a step earlier, given noisy and clean ones (Ho et al. 2020, arXiv 2006.11239, eq. 7)."""
    ratio = (now / then) ** 2
    left, right = 1 - then**2, 1 - now**2
    mean = then * (1 - ratio) / right * clean + torch.sqrt(ratio) * left / right * cells
    return mean + torch.sqrt(left / right * (1 - ratio)) * noise


def _centred(vectors: Tensor, inside: Tensor) -> Tensor:
    """(b, n, 3) less their mean over the atoms."""
    weight = inside[..., None].to(vectors.dtype)
    mean = (vectors * weight).sum(dim=1, keepdim=True) / weight.sum(dim=1, keepdim=True)
    return (vectors - mean) * weight
