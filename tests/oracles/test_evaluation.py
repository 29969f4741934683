"""What an oracle said, as it is kept."""

from eutectic.oracles.base import Evaluation


def test_text_that_is_no_unicode_is_kept_escaped() -> None:
    content = Evaluation("a", "o", error="no caf\udce9.dat", provenance={"file": "caf\udce9"}).to_json()
    kept = Evaluation.from_json(content)
    assert kept.error == "no caf\\udce9.dat"
    assert kept.provenance == {"file": "caf\\udce9"}
    assert Evaluation.from_json({**content, "error": "µm – Å"}).error == "µm – Å"
