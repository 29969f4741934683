"""This file is a campaign's Pareto front as a workflow others can run: a Python Workflow Definition and its one step.

The format is that of the `python-workflow-definition` package 0.1.5, whose files say version 0.1.0: nodes are inputs,
functions (by import path) and outputs, edges join their ports. pyiron, AiiDA, jobflow and executorlib read it (Janssen
et al., Digital Discovery 2025, doi:10.1039/D5DD00231A).
"""

from collections.abc import Mapping
from pathlib import Path

from eutectic.campaigns.analysis.pareto import front
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem.build import build
from eutectic.campaigns.record.outcomes import Ledger, Outcome
from eutectic.oracles.base import Candidate, Value

VERSION = "0.1.0"
"""Of the workflow definition's format."""
STEP = "eutectic.campaigns.exports.workflow.evaluate"
GATHER = "python_workflow_definition.shared.get_dict"


def definition(ledger: Ledger) -> dict[str, object]:
    """The workflow that evaluates every candidate of the Pareto front once more with the campaign's oracles.

    Raises ValueError when no candidate is on the front.
    """
    best = front(ledger)
    if not best:
        raise ValueError("no feasible candidate was evaluated, so there is no Pareto front to write as a workflow")
    graph = _Graph([], [])
    campaign = graph.add("input", "campaign", ledger.spec.dump())
    folder = graph.add("input", "folder", str(ledger.facts.get("source", ".")))
    seed = graph.add("input", "seed", ledger.spec.seed)
    steps = [_step(graph, outcome, {"campaign": campaign, "folder": folder, "seed": seed}) for outcome in best]
    gather = graph.add("function", "", GATHER)
    for outcome, step in zip(best, steps, strict=True):
        graph.join(step, gather, f"candidate_{outcome.number}")
    graph.join(gather, graph.add("output", "result", None), None)
    return {"version": VERSION, "nodes": graph.nodes, "edges": graph.edges}


def _step(graph: "_Graph", outcome: Outcome, shared: Mapping[str, int]) -> int:
    """One candidate's input and function node; the function's id."""
    candidate = graph.add("input", f"candidate_{outcome.number}", dict(outcome.variables))
    step = graph.add("function", "", STEP)
    for port, source in {**shared, "variables": candidate}.items():
        graph.join(source, step, port)
    return step


class _Graph:
    """Nodes and edges as they are added."""

    def __init__(self, nodes: list[dict[str, object]], edges: list[dict[str, object]]) -> None:
        self.nodes, self.edges = nodes, edges

    def add(self, type: str, name: str, value: object) -> int:
        """A new node's id; functions have no name, outputs no value."""
        node: dict[str, object] = {"id": len(self.nodes), "type": type}
        if name:
            node["name"] = name
        if type != "output":
            node["value"] = value
        self.nodes.append(node)
        return len(self.nodes) - 1

    def join(self, source: int, target: int, port: str | None) -> None:
        """Let `target`'s argument `port` be what `source` gives."""
        self.edges.append({"target": target, "targetPort": port, "source": source, "sourcePort": None})


def evaluate(
    campaign: Mapping[str, object], folder: str, seed: int, variables: Mapping[str, Value]
) -> dict[str, float]:
    """Every property the campaign's oracles return for one candidate, natural units.

    campaign: the resolved campaign file. folder: where its relative paths start. variables: natural units by name,
    a category as its label. Raises RuntimeError when an oracle fails.
    """
    import numpy as np

    problem = build(CampaignSpec.from_content(dict(campaign)), Path(folder), begun=True)
    rng = np.random.default_rng(seed)
    candidate: Candidate = problem.generator.generate(problem.generator.coordinates(variables)[None], rng)[0]
    for named in problem.oracles:
        answer = named.oracle.evaluate([candidate], rng)[0]
        if answer.status == "failed":
            raise RuntimeError(f"oracle {named.name}: {answer.error}")
        candidate = candidate.knowing(answer.values)
    return dict(candidate.known)
