"""This file is which elements a learned potential and the references of its energies cover, without loading it."""

from collections.abc import Iterable, Mapping, Sequence

from eutectic.oracles.mlip import calculators
from eutectic.oracles.mlip.options import Options
from eutectic.oracles.mlip.potential import ENGINES, Potential

BUILDABLE = ("fcc", "bcc", "hcp", "diamond", "sc")
"""Reference structures of elements that `ase.build.bulk` makes from their lattice constants."""
AGAINST_ELEMENTS = {"formation_energy_ev_per_atom", "energy_above_hull_ev_per_atom"}
"""Properties that need the elements' own energies."""


def unfit(options: Options, symbols: Sequence[str]) -> str | None:
    """Which of these elements the model does not cover, or have no reference state where one is needed; or None."""
    for potential in (options.potential, *([Potential(options.guard)] if options.guard else [])):
        reason = strangers(potential, symbols)
        if reason:
            return reason
    return lacking(symbols, options.references) if AGAINST_ELEMENTS & {*options.properties} else None


def strangers(potential: Potential, symbols: Iterable[str]) -> str | None:
    """The sentence that names elements the model does not cover, and those it does; None when it covers them."""
    covered = calculators.elements(potential.calculator, potential.model or ENGINES[potential.calculator].model)
    outside = [] if covered is None else [symbol for symbol in symbols if symbol not in covered]
    if not outside or covered is None:
        return None
    return f"{potential.called} does not cover {', '.join(outside)}; it covers {', '.join(covered)}"


def lacking(symbols: Iterable[str], given: Mapping[str, str | float]) -> str | None:
    """The sentence that names elements without a reference state, or None."""
    without = [s for s in symbols if s not in given and not buildable(s)]
    if not without:
        return None
    return (
        f"no simple reference structure is known for {', '.join(without)}: give `references: {{{without[0]}: FILE}}` "
        "with its structure, or its energy in eV/atom with the same model"
    )


def buildable(symbol: str) -> bool:
    """Has the element a reference state of one of the simple structures?"""
    from ase.data import atomic_numbers, reference_states

    state = reference_states[atomic_numbers[symbol]] if symbol in atomic_numbers else None
    return state is not None and state.get("symmetry") in BUILDABLE
