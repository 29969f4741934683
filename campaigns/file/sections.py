"""This file is the sections of a campaign file, as data: which keys each has and what they may hold."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from eutectic.campaigns.file.goals import CurveGoal, Goal, Limit, Sense, Window, limits_of

CLOSED = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True)
OPEN = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True)

Count = Annotated[int, Field(gt=0)]
Positive = Annotated[float, Field(gt=0)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
Property = Annotated[str, Field(min_length=1, max_length=200)]


class Bounds(BaseModel):
    """Least and largest value of something."""

    model_config = CLOSED
    min: float | None = None
    """Smallest value, in the property's unit."""
    max: float | None = None
    """Largest value, in the property's unit."""

    @property
    def window(self) -> Window:
        """The same as a window."""
        return Window(self.min, self.max)


class Objective(BaseModel):
    """What is wanted of one property, written out."""

    model_config = CLOSED
    goal: Literal["maximize", "minimize", "target"] | None = None
    """Which way is better; may be left out beside `target`."""
    target: float | str | None = None
    """The wanted value, in the property's unit; of a property that is a curve, the CSV file of the wanted curve."""
    distance: Literal["rms", "wasserstein", "cosine"] | None = None
    """How the distance to a wanted curve is taken (`rms` when not given): see docs/campaign-file.md, "Curves"."""
    tolerance: Annotated[float, Field(ge=0)] | None = None
    """Half-width within which the target counts as met, in the property's unit (0 when not given)."""
    reference: float | None = None
    """The worst acceptable value, in the property's unit: the hypervolume's reference point."""
    valid: Bounds | None = None
    """Values outside are refused as unphysical and learned as infeasible."""

    @property
    def sense(self) -> Sense | None:
        """The goal, also where only `target` says it; None when neither is given."""
        if isinstance(self.target, str):
            return "minimize"
        return self.goal or (None if self.target is None else "target")

    def named(self, name: str) -> Goal:
        """The goal for property `name`."""
        assert self.sense is not None
        valid = self.valid.window if self.valid else Window()
        if isinstance(self.target, str):
            curve = CurveGoal(self.target, self.distance or "rms")
            return Goal(name, "minimize", reference=self.reference, valid=valid, curve=curve)
        return Goal(name, self.sense, self.target, self.tolerance or 0.0, self.reference, valid)


class Constraint(BaseModel):
    """What must hold of one property: `min` and/or `max`."""

    model_config = CLOSED
    min: float | None = None
    """Least feasible value, in the property's unit."""
    max: float | None = None
    """Largest feasible value, in the property's unit."""
    valid: Bounds | None = None
    """Values outside are refused as unphysical and learned as infeasible."""

    def named(self, name: str) -> tuple[Limit, ...]:
        """Its one or two limits on property `name`."""
        return limits_of(name, {"min": self.min, "max": self.max})


class Part(BaseModel):
    """A part and its options."""

    model_config = OPEN
    use: str
    """Name of the part (see `campaign plugins`); the other keys are its options."""


class SurrogatePart(BaseModel):
    """A surrogate and its options."""

    model_config = OPEN
    use: str
    """Name of the part (see `campaign plugins`); the other keys are its options."""
    representation: str | Part | None = None
    """What it sees instead of the space's own columns: a name, or `{use: NAME, ...options}`."""


class Resources(BaseModel):
    """What one evaluation needs of the machine it runs on; refused where the executor cannot see to it."""

    model_config = CLOSED
    cores: Count = 1
    """Processor cores, and threads of BLAS and OpenMP."""
    memory_mb: Positive | None = None
    """Memory, MB; an evaluation that takes more is ended. `executor.memory_mb` when not given."""
    gpus: Annotated[int, Field(ge=0)] = 0
    """Graphics processors."""


class OraclePart(BaseModel):
    """An oracle and its options."""

    model_config = OPEN
    name: Identifier | None = None
    """What the campaign calls it; `use` when not given."""
    use: str
    """Name of the part (see `campaign plugins`); the other keys are its options."""
    cost: Positive | None = None
    """Cost of one evaluation, for `budget.cost` and forecasts; measured in seconds when not given."""
    search: bool = True
    """With false it is not asked in the search, only by `validate`."""
    resources: Resources = Resources()
    """What one evaluation needs of the machine it runs on."""

    @property
    def called(self) -> str:
        """Its name in the campaign."""
        return self.name or self.use


class OptimizerPart(BaseModel):
    """An optimizer, its options, and how long it is in charge."""

    model_config = OPEN
    use: str
    """Name of the part (see `campaign plugins`); the other keys are its options."""
    evaluations: Count | None = None
    """Evaluations it asks for before the next in the list takes over; the last one takes the rest."""
    goal: Literal["pareto", "satisfy"] = "pareto"
    """`satisfy`: look for candidates inside every window (constraints, targets' tolerances), not for a front."""
    satisfied: Count | None = None
    """Beside `goal: satisfy`: the stage ends when so many different candidates inside every window are known."""
    stall: Count | None = None
    """The stage ends after so many rounds without gain in hypervolume (satisfying: without another such candidate)."""


class Fidelity(BaseModel):
    """How oracles that return the same property share the work."""

    model_config = CLOSED
    policy: Literal["gates", "multifidelity"] = "gates"
    """`gates`: the best of a cheap oracle go on to the next; `multifidelity`: the optimizer chooses."""
    keep: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Fraction that passes a gate, dimensionless; of optimizers that do not choose rungs under either policy."""
    spot_check: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the candidates held back at a gate that go on all the same, drawn at random, dimensionless."""


class Validation(BaseModel):
    """What is evaluated once more at the end."""

    model_config = CLOSED
    oracle: str
    """Name of the oracle that is asked."""
    top: Count = 5
    """How many of the best candidates."""
    options: dict[str, Any] = {}
    """Options of that oracle that differ from its own, such as a larger cell."""


class Known(BaseModel):
    """One source of what is known before the start."""

    model_config = CLOSED
    file: str
    """CSV with the variables and properties as columns, or an earlier campaign's folder."""
    separator: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """What stands between two cells of a CSV; a blank means any white space."""
    decimal: Literal[".", ","] = "."
    """What stands before the decimals of a number in a CSV."""
    unit: Literal["fraction", "at.%", "wt.%"] | None = None
    """Unit of amounts of elements where it is not the space's."""
    with_: Annotated[dict[Property, str | int | float] | None, Field(alias="with")] = None
    """Values of variables that these rows do not name, such as {atmosphere: air}."""
    strange: Literal["refuse", "pass_over"] = "refuse"
    """What becomes of rows that cannot be expressed here: another choice, a variable without a value, values computed
    otherwise. `pass_over` leaves them out and says how many."""


class Budget(BaseModel):
    """When to stop: whichever comes first."""

    model_config = CLOSED
    evaluations: Count | None = None
    """Number of candidates evaluated."""
    batch: Count = 1
    """How many candidates are asked for at once."""
    hours: Positive | None = None
    """Wall time, hours."""
    cost: Positive | None = None
    """Sum of the oracles' costs (seconds for an oracle without `cost`)."""
    stall: Count | None = None
    """Rounds without gain in hypervolume."""
    regret: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of the hypervolume that may still be missing (bound from the surrogates), three rounds in a row."""


class Execution(BaseModel):
    """The executor, its options, and the limits of each evaluation."""

    model_config = OPEN
    use: str = "local"
    """Name of the executor (see `campaign plugins`); keys that are not listed here are its options."""
    workers: Count = 1
    """Evaluations that run at the same time."""
    timeout_s: Positive | None = None
    """Wall time an evaluation may take, seconds."""
    memory_mb: Positive | None = None
    """Memory an evaluation may take, MB."""
    retries: Annotated[int, Field(ge=0, le=100)] = 1
    """How often an evaluation is run again after a failure of the infrastructure."""


class Tracking(BaseModel):
    """How MLflow follows the campaign."""

    model_config = CLOSED
    uri: str | None = None
    """Tracking server or database; MLFLOW_TRACKING_URI or sqlite:///mlflow.db when not given."""
    experiment: str | None = None
    """MLflow experiment; the campaign's name when not given."""
    evaluations: Literal["table", "nested", "none"] = "table"
    """`nested`: a run each (about 0.16 s on SQLite)."""
    enabled: bool = True
    """With false nothing is logged."""
