"""Every surrogate and optimizer refuses options it does not know when it is made, and keeps those it was given."""

from dataclasses import fields, replace
from typing import Any, Literal

import numpy as np
import pytest

from eutectic.campaigns.file import plugins
from eutectic.optimizers.evolutionary.nsga2 import NSGA2
from eutectic.surrogates.gp.recipe import GaussianProcess
from eutectic.surrogates.options import taken
from eutectic.surrogates.sisso.recipe import SISSO
from eutectic.surrogates.trees.forest import Forest

PARTS = [(kind, name) for kind in ("surrogates", "optimizers") for name in sorted(plugins.KINDS[kind])]


def another(option: Any) -> object:
    """A value of an option that is not its default, where one is at hand."""
    if option.type is bool:
        return not option.default
    if option.type in (int, float) and option.default:
        return option.type(option.default * 1.5) if option.name != "kernel" else option.default + 2
    return option.default


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_an_unknown_option_is_refused_with_the_nearest(kind: str, name: str) -> None:
    part = plugins.load(kind, name)
    option = plugins.offered(part)[0].name if plugins.offered(part) else ""
    with pytest.raises(TypeError, match=f"{part.__name__} has no option '{option}_'.* Known: .*{option}"):
        part(**{f"{option}_": 1})


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_a_value_of_another_kind_is_refused_when_the_part_is_made(kind: str, name: str) -> None:
    for option in plugins.offered(plugins.load(kind, name)):
        with pytest.raises(ValueError, match=f"^{option.name}"):
            plugins.load(kind, name)(**{option.name: object()})
        if "Literal" in str(option.type):
            with pytest.raises(ValueError, match=f"^{option.name}: 'neither' is unknown; .*Known"):
                plugins.load(kind, name)(**{option.name: "neither"})


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_every_option_survives_the_change_of_another(kind: str, name: str) -> None:
    part = plugins.load(kind, name)
    for option in plugins.offered(part):
        try:
            given = part(**{option.name: another(option)})
        except ValueError:  # another rule of the part's own
            continue
        for other in plugins.offered(part):
            changed = replace(given, **{other.name: getattr(given, other.name)})
            assert [getattr(changed, f.name) for f in fields(part)] == [getattr(given, f.name) for f in fields(part)]


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_a_part_shows_what_differs_from_its_defaults(kind: str, name: str) -> None:
    part = plugins.load(kind, name)
    assert repr(part()) == f"{part.__name__}()"
    assert part()._repr_html_().count("<tr>") == len(plugins.offered(part))


def test_the_headline_mistakes() -> None:
    with pytest.raises(ValueError, match="kernel: 'matern' is unknown; did you mean 'matern52'"):
        GaussianProcess(kernel="matern")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="search: 'orcale' is unknown; did you mean 'oracle'"):
        replace(NSGA2(), search="orcale")  # type: ignore[arg-type]
    assert repr(Forest(trees=30)) == "Forest(trees=30)"
    assert "<b>30</b>" in Forest(trees=30)._repr_html_()  # type: ignore[attr-defined]


def test_numbers_of_numpy_and_lists_are_kept_as_plain_ones() -> None:
    assert type(Forest(trees=np.int64(30)).trees) is int  # type: ignore[arg-type]
    assert SISSO(operators=["+", "*"]) == SISSO(operators=("+", "*"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "annotation", "said"),
    [
        (True, int, "n must be a whole number, not True"),
        (2.0, int, "n must be a whole number, not 2.0"),
        (float("inf"), float, "n must be a finite number, not inf"),
        ("3", float, "n must be a finite number, not '3'"),
        ("ab", tuple[str, ...], "n must be a list, each a text, not 'ab'"),
        ((1,), tuple[float, float], "n must be a list of 2"),
        (1, Literal["a"] | None, "n must be 'a' or None, not 1"),
        ({1: "x"}, dict[str, str], "n must be a mapping, not {1: 'x'}"),
    ],
)
def test_what_an_annotation_does_not_allow_is_said_in_words(value: object, annotation: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        taken("n", value, annotation)


@pytest.mark.parametrize(
    ("value", "annotation"), [(3, float), (None, int | None), ("b", Literal["a", "b"]), ([1, 2], tuple[int, ...])]
)
def test_what_an_annotation_allows_is_taken(value: object, annotation: Any) -> None:
    assert taken("n", value, annotation) == (tuple(value) if isinstance(value, list) else value)
