"""This package is Eutectic: its public names, each imported when it is asked for."""

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eutectic.campaigns.campaign import Campaign as Campaign
    from eutectic.campaigns.file.spec import CampaignSpec as CampaignSpec
    from eutectic.generators.composition import Composition as Composition
    from eutectic.generators.parameters import Parameters as Parameters
    from eutectic.generators.pool import Pool as Pool
    from eutectic.generators.product import Product as Product
    from eutectic.generators.representations.catalogue import ElementEncoding as ElementEncoding
    from eutectic.generators.representations.catalogue import ElementSequence as ElementSequence
    from eutectic.generators.representations.catalogue import ElementStatistics as ElementStatistics
    from eutectic.generators.representations.catalogue import Fractions as Fractions
    from eutectic.generators.representations.catalogue import IonEncoding as IonEncoding
    from eutectic.generators.representations.catalogue import LogRatios as LogRatios
    from eutectic.generators.representations.catalogue import StructureDescriptors as StructureDescriptors
    from eutectic.generators.sequence import Sequence as Sequence
    from eutectic.generators.variable import Variable as Variable
    from eutectic.optimizers.base import History as History
    from eutectic.optimizers.base import Proposals as Proposals
    from eutectic.optimizers.base import Space as Space
    from eutectic.optimizers.bayesian.bayesian import Bayesian as Bayesian
    from eutectic.optimizers.bayesian.hybrid import Hybrid as Hybrid
    from eutectic.optimizers.bayesian.multifidelity import MultiFidelity as MultiFidelity
    from eutectic.optimizers.designs.sobol import Sobol as Sobol
    from eutectic.optimizers.designs.uniform import Uniform as Uniform
    from eutectic.optimizers.evolutionary.evolution import Evolution as Evolution
    from eutectic.optimizers.evolutionary.nsga2 import NSGA2 as NSGA2
    from eutectic.optimizers.evolutionary.nsga3 import NSGA3 as NSGA3
    from eutectic.optimizers.policies.policy import Policy as Policy
    from eutectic.optimizers.portfolio.portfolio import Portfolio as Portfolio
    from eutectic.optimizers.swarms.swarm import Swarm as Swarm
    from eutectic.oracles.base import Candidate as Candidate
    from eutectic.oracles.base import Evaluation as Evaluation
    from eutectic.oracles.dft.oracle import Dft as Dft
    from eutectic.oracles.lammps.alloy import LammpsAlloy as LammpsAlloy
    from eutectic.oracles.mlip.oracle import Mlip as Mlip
    from eutectic.oracles.rules.element_table import ElementTable as ElementTable
    from eutectic.oracles.rules.screens import Screens as Screens
    from eutectic.oracles.stability.hull import Hull as Hull
    from eutectic.oracles.stability.pourbaix import Pourbaix as Pourbaix
    from eutectic.oracles.synthesizability.oracle import Synthesizability as Synthesizability
    from eutectic.oracles.tables.table import Table as Table
    from eutectic.oracles.user.command import Command as Command
    from eutectic.oracles.user.person import Person as Person
    from eutectic.oracles.user.python import Python as Python
    from eutectic.surrogates.base import Domain as Domain
    from eutectic.surrogates.base import Posterior as Posterior
    from eutectic.surrogates.composite.auto import Auto as Auto
    from eutectic.surrogates.composite.stacked import Stacked as Stacked
    from eutectic.surrogates.gp.recipe import GaussianProcess as GaussianProcess
    from eutectic.surrogates.neural.cnn import CNN as CNN
    from eutectic.surrogates.polynomial.recipe import Polynomial as Polynomial
    from eutectic.surrogates.sisso.recipe import SISSO as SISSO
    from eutectic.surrogates.trees.forest import Forest as Forest

_HOMES = {
    "Auto": "eutectic.surrogates.composite.auto",
    "Bayesian": "eutectic.optimizers.bayesian.bayesian",
    "CNN": "eutectic.surrogates.neural.cnn",
    "Campaign": "eutectic.campaigns.campaign",
    "CampaignSpec": "eutectic.campaigns.file.spec",
    "Candidate": "eutectic.oracles.base",
    "Command": "eutectic.oracles.user.command",
    "Composition": "eutectic.generators.composition",
    "Dft": "eutectic.oracles.dft.oracle",
    "Domain": "eutectic.surrogates.base",
    "ElementEncoding": "eutectic.generators.representations.catalogue",
    "IonEncoding": "eutectic.generators.representations.catalogue",
    "ElementSequence": "eutectic.generators.representations.catalogue",
    "ElementStatistics": "eutectic.generators.representations.catalogue",
    "ElementTable": "eutectic.oracles.rules.element_table",
    "Evaluation": "eutectic.oracles.base",
    "Evolution": "eutectic.optimizers.evolutionary.evolution",
    "Forest": "eutectic.surrogates.trees.forest",
    "Fractions": "eutectic.generators.representations.catalogue",
    "GaussianProcess": "eutectic.surrogates.gp.recipe",
    "History": "eutectic.optimizers.base",
    "Hull": "eutectic.oracles.stability.hull",
    "Hybrid": "eutectic.optimizers.bayesian.hybrid",
    "LammpsAlloy": "eutectic.oracles.lammps.alloy",
    "LogRatios": "eutectic.generators.representations.catalogue",
    "Mlip": "eutectic.oracles.mlip.oracle",
    "MultiFidelity": "eutectic.optimizers.bayesian.multifidelity",
    "NSGA2": "eutectic.optimizers.evolutionary.nsga2",
    "NSGA3": "eutectic.optimizers.evolutionary.nsga3",
    "Parameters": "eutectic.generators.parameters",
    "Person": "eutectic.oracles.user.person",
    "Policy": "eutectic.optimizers.policies.policy",
    "Polynomial": "eutectic.surrogates.polynomial.recipe",
    "Pool": "eutectic.generators.pool",
    "Product": "eutectic.generators.product",
    "Portfolio": "eutectic.optimizers.portfolio.portfolio",
    "Posterior": "eutectic.surrogates.base",
    "Pourbaix": "eutectic.oracles.stability.pourbaix",
    "Proposals": "eutectic.optimizers.base",
    "Python": "eutectic.oracles.user.python",
    "SISSO": "eutectic.surrogates.sisso.recipe",
    "Screens": "eutectic.oracles.rules.screens",
    "Sequence": "eutectic.generators.sequence",
    "Sobol": "eutectic.optimizers.designs.sobol",
    "Space": "eutectic.optimizers.base",
    "Stacked": "eutectic.surrogates.composite.stacked",
    "StructureDescriptors": "eutectic.generators.representations.catalogue",
    "Swarm": "eutectic.optimizers.swarms.swarm",
    "Synthesizability": "eutectic.oracles.synthesizability.oracle",
    "Table": "eutectic.oracles.tables.table",
    "Uniform": "eutectic.optimizers.designs.uniform",
    "Variable": "eutectic.generators.variable",
}
"""Public name -> the module that defines it."""

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    """A public name, imported now; AttributeError for any other."""
    if name not in _HOMES:
        nearest = get_close_matches(name, _HOMES, 1)
        meant = f"; did you mean {nearest[0]!r}?" if nearest else f"; public are: {', '.join(_HOMES)}"
        raise AttributeError(f"module 'eutectic' has no attribute {name!r}{meant}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Every public name."""
    return sorted({*globals(), *_HOMES})
