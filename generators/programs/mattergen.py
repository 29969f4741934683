"""This file is the mattergen engine: Microsoft's MatterGen in an environment of its own, asked in its own words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eutectic.generators.programs.blocks import blocks
from eutectic.generators.programs.program import FILTERED, require_program
from eutectic.generators.programs.running import Limits
from eutectic.generators.structures.conditions import Conditions
from eutectic.generators.structures.generated import GeneratedStructure, Refusal
from eutectic.generators.structures.identity import identity

PROPERTIES = {
    "bulk_modulus_gpa": "ml_bulk_modulus",
    "band_gap_ev": "dft_band_gap",
    "magnetic_density_bohr_per_angstrom3": "dft_mag_density",
    "energy_above_hull_ev_per_atom": "energy_above_hull",
    "hhi_score": "hhi_score",
}
"""Our name, with its unit -> MatterGen's."""
MODELS = {
    "mattergen_base": (),
    "mp_20_base": (),
    "chemical_system": ("elements",),
    "space_group": ("space_groups",),
    "dft_mag_density": ("magnetic_density_bohr_per_angstrom3",),
    "dft_band_gap": ("band_gap_ev",),
    "ml_bulk_modulus": ("bulk_modulus_gpa",),
    "dft_mag_density_hhi_score": ("magnetic_density_bohr_per_angstrom3", "hhi_score"),
    "chemical_system_energy_above_hull": ("elements", "energy_above_hull_ev_per_atom"),
}
"""Its pretrained models -> what each is conditioned on, in our names."""


@dataclass(frozen=True, slots=True)
class MatterGen:
    """Crystals of MatterGen (Zeni et al. 2025, doi 10.1038/s41586-025-08628-5) by its command `mattergen-generate`.

    Elements, formula and atoms are no wishes of its base model: crystals that break them are refused, and counted.
    """

    model: str = "mattergen_base"
    """A pretrained model: mattergen_base, mp_20_base, chemical_system, space_group, dft_mag_density, dft_band_gap,
    ml_bulk_modulus, dft_mag_density_hhi_score, chemical_system_energy_above_hull; or the folder of one of your own."""
    program: str = "mattergen-generate"
    """Its command, such as /opt/mattergen/.venv/bin/mattergen-generate."""
    conditions: tuple[str, ...] = ()
    """What a model of your own is conditioned on: elements, space_groups, or properties with their unit."""
    together: int = 16
    """Crystals it makes in one call."""
    seconds: float = 20.0
    """About what one crystal costs, in seconds."""
    timeout_s: float = 7200.0
    """Most seconds of one call."""
    silent_s: float = 1200.0
    """Seconds after which a program that neither says nor writes anything is ended."""
    keep: str = "generated"
    """Folder in which what it wrote is kept: MatterGen takes no seed, so a crystal is what was written first."""

    def __post_init__(self) -> None:
        """Raise ValueError for options that cannot work."""
        if not self.pretrained and "/" not in self.model:
            raise ValueError(f"model: no pretrained model {self.model!r}, and no path; there are: {', '.join(MODELS)}")
        if not 1 <= self.together <= 10_000:
            raise ValueError(f"together: {self.together} is not between 1 and 10,000")
        for name, value in (("seconds", self.seconds), ("timeout_s", self.timeout_s), ("silent_s", self.silent_s)):
            if not value > 0:
                raise ValueError(f"{name}: {value:g} is no positive number of seconds")

    @property
    def pretrained(self) -> bool:
        """Is it one of MatterGen's own models?"""
        return self.model in MODELS

    def located(self, folder: str) -> "MatterGen":
        """The same with its folders taken from `folder`."""
        model = self.model if self.pretrained else str(Path(folder) / self.model)
        program = str(Path(folder) / self.program) if "/" in self.program else self.program
        return replace(self, model=model, program=program, keep=str(Path(folder) / self.keep))

    def check(self) -> None:
        """EngineMissing where the program is not there."""
        require_program(self.program)

    def understands(self) -> frozenset[str]:
        """What it can be asked for; guidance where it is conditioned on anything."""
        own = MODELS.get(self.model, self.conditions)
        return FILTERED | set(own) | ({"guidance"} if own else set())

    @property
    def seconds_each(self) -> float:
        """As stated."""
        return self.seconds

    @property
    def checkpoint(self) -> str:
        """Hash of its model and command."""
        return identity("mattergen-1", {"model": self.model, "program": self.program, "together": self.together})

    def draw(self, conditions: Sequence[Conditions], draws: Sequence[int]) -> list[GeneratedStructure | Refusal]:
        """One crystal or refusal a pair; the program is started once a block of `together` draws."""
        limits = Limits(self.timeout_s, self.silent_s)
        return blocks(self.command, self.checkpoint, Path(self.keep), self.together, limits, conditions, draws)

    def command(self, conditions: Conditions, n: int, seed: int, output: Path) -> list[str]:
        """The words of one call, as in MatterGen's README; it takes no seed."""
        del seed
        source = f"--pretrained-name={self.model}" if self.pretrained else f"--model_path={self.model}"
        words = [self.program, str(output.absolute()), source, f"--batch_size={n}", "--num_batches=1"]
        words.append("--record_trajectories=False")
        if wanted := self.wanted(conditions):
            words += [f"--properties_to_condition_on={json.dumps(wanted)}"]
            words += [f"--diffusion_guidance_factor={conditions.guidance}"]
        return words

    def wanted(self, conditions: Conditions) -> dict[str, object]:
        """What it is conditioned on, in its own names."""
        own = MODELS.get(self.model, self.conditions)
        found: dict[str, object] = {PROPERTIES.get(name, name): x for name, x in conditions.targets.items()}
        if "elements" in own and conditions.allowed:
            found["chemical_system"] = "-".join(sorted(conditions.allowed))
        if "space_groups" in own and conditions.space_groups:
            found["space_group"] = conditions.space_groups[0]
        return found
