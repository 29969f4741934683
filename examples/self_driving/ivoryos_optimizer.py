"""An optimizer for IvoryOS: its `suggest` and `observe` answered by a campaign of the service, over HTTP."""

import os
from typing import Any

from eutectic.campaigns.client import Client

Items = list[dict[str, Any]]


class EutecticOptimizer:
    """As `ivoryos.optimizer.base_optimizer.OptimizerBase`; EUTECTIC_URL and EUTECTIC_TOKEN say which service."""

    def __init__(
        self, experiment_name: str, parameter_space: Items, objective_config: Items, optimizer_config: Any = None
    ) -> None:
        self.client, self.name = Client(os.environ["EUTECTIC_URL"], os.environ["EUTECTIC_TOKEN"]), experiment_name
        self.names = [objective["name"] for objective in objective_config]
        steps = optimizer_config or {}
        first = int(steps.get("step_1", {}).get("num_samples", 8))
        self.client.create({
            "name": experiment_name,
            "space": {"use": "parameters", "variables": {p["name"]: _variable(p) for p in parameter_space}},
            "objectives": {o["name"]: "minimize" if o.get("minimize", True) else "maximize" for o in objective_config},
            "oracles": [{"use": "person", "properties": self.names}],
            "optimizers": [{"use": "sobol", "evaluations": first}, {"use": "bayesian"}],
            "budget": {"evaluations": int(steps.get("evaluations", 100))},
        })  # fmt: skip
        self.taken: Items = []

    def suggest(self, n: int = 1) -> list[dict[str, Any]]:
        """Parameters of n samples."""
        self.taken = self.client.suggest(self.name, n, holder="ivoryos")
        return [sample["variables"] for sample in self.taken]

    def observe(self, results: list[dict[str, Any]]) -> None:
        """What came of the samples suggested last; one without all objectives has failed."""
        for sample, result in zip(self.taken, results, strict=False):
            values = {name: float(result[name]) for name in self.names if result.get(name) is not None}
            if len(values) < len(self.names):
                self.client.fail(
                    self.name, sample["id"], "missing: " + ", ".join(n for n in self.names if n not in values)
                )
            else:
                self.client.tell(self.name, sample["id"], values)

    def append_existing_data(self, existing_data: Any) -> None:
        """Rows (a data frame) of parameters and objectives that were measured before."""
        for row in existing_data.to_dict(orient="records"):
            values = {name: float(row[name]) for name in self.names}
            self.client.add(self.name, {k: v for k, v in row.items() if k not in self.names}, values)


def _variable(parameter: dict[str, Any]) -> Any:
    """A parameter as a campaign file has it."""
    bounds = parameter["bounds"]
    whole = {"low": bounds[0], "high": bounds[1], "integer": True}
    return whole if parameter["type"] == "range" and parameter.get("value_type") == "int" else bounds
