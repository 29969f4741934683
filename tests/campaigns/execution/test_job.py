"""One evaluation as a worker sees it: whatever an oracle does becomes an answer under the campaign's names."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.execution.job import evaluate, job, lost, run, warm
from eutectic.oracles.base import Candidate, EngineMissing, Evaluation

CANDIDATE = Candidate({"x": 0.25})


class Oracle:
    """Does what it is given."""

    properties = ("a",)

    def __init__(self, said: Any) -> None:
        self.said = said

    def evaluate(self, candidates: Any, rng: np.random.Generator) -> list[Evaluation]:
        said = self.said(rng) if callable(self.said) else self.said
        if isinstance(said, BaseException):
            raise said
        return said  # type: ignore[no-any-return]


def test_an_answer_stands_under_the_candidates_id_and_the_campaigns_name_for_the_oracle() -> None:
    said = evaluate(Oracle([Evaluation("other", "own name", {"a": 1.0}, cost_s=7.0)]), "md", CANDIDATE, [1])
    assert (said.candidate_id, said.oracle, said.values, said.cost_s) == (CANDIDATE.id, "md", {"a": 1.0}, 7.0)


def test_an_oracle_that_says_no_cost_took_the_time_it_took() -> None:
    def slowly(rng: np.random.Generator) -> list[Evaluation]:
        time.sleep(0.02)
        return [Evaluation("id", "md", {"a": 1.0})]

    assert 0.02 <= evaluate(Oracle(slowly), "md", CANDIDATE, [1]).cost_s < 5.0


def test_all_randomness_is_from_the_seed() -> None:
    def draw(rng: np.random.Generator) -> list[Evaluation]:
        return [Evaluation("id", "md", {"a": rng.random()})]

    values = [evaluate(Oracle(draw), "md", CANDIDATE, seed).values["a"] for seed in ([1, 2], [1, 2], [1, 3])]
    assert values[0] == values[1] == np.random.default_rng([1, 2]).random()
    assert values[2] != values[0]


@pytest.mark.parametrize("answer", [ValueError("odd"), [], None], ids=["raises", "nothing", "none"])
def test_what_a_strangers_oracle_raises_is_the_candidates_own_failure(answer: Any) -> None:
    said = evaluate(Oracle(answer), "md", CANDIDATE, [1])
    assert (said.status, said.failure, said.oracle) == ("failed", "error", "md")
    assert "Error: " in said.error
    assert said.cost_s > 0.0


def test_a_missing_engine_is_no_failure_of_the_candidate() -> None:
    with pytest.raises(EngineMissing, match="pip install"):
        evaluate(Oracle(EngineMissing("pip install md")), "md", CANDIDATE, [1])


def module(folder: Path, name: str, text: str) -> dict[str, object]:
    """Content of an oracle that calls `f` of a module."""
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return {"use": "python", "function": f"{name}:f", "properties": ["a"]}


def test_a_job_is_json_there_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    content = module(tmp_path, "job_trial", "def f(v, rng):\n    return {'a': v['x'] + rng.random()}\n")

    def answered(seed: list[int]) -> Evaluation:
        sent = json.loads(json.dumps(job("md", content, str(tmp_path), CANDIDATE, seed)))
        answer: Any = json.loads(json.dumps(run(sent)))
        return Evaluation.from_json(answer["evaluation"])

    one, again, other = (answered(seed) for seed in ([3, 4], [3, 4], [3, 5]))
    assert (one.candidate_id, one.oracle, one.status) == (CANDIDATE.id, "md", "finished")
    assert 0.25 <= one.values["a"] == again.values["a"] != other.values["a"]
    assert sys.path[0] == str(tmp_path)


def test_what_is_missing_is_said_with_the_oracles_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    content = module(tmp_path, "job_lacking", "import no_such_module_at_all\n\ndef f(v):\n    return {'a': 1.0}\n")
    assert str(run(job("md", content, str(tmp_path), CANDIDATE, [1]))["missing"]).startswith("md: ")
    unknown = run(job("md", {"use": "no_such_oracle"}, str(tmp_path), CANDIDATE, [1]))
    assert "no_such_oracle" in str(unknown["missing"])
    with pytest.raises(CampaignFileError):
        warm({"use": "no_such_oracle"}, str(tmp_path))


def test_what_did_not_come_back_keeps_its_cost_and_the_end_of_its_output() -> None:
    gone = lost(CANDIDATE, "md", "memory", "over 10 MB", "last words", 12.5)
    assert (gone.status, gone.failure, gone.error, gone.cost_s) == ("failed", "memory", "over 10 MB", 12.5)
    assert gone.artifacts == {"output": "last words"}
    assert lost(CANDIDATE, "md", "crash", "gone", "", 0.0).artifacts == {}
