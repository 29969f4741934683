"""Campaign files are read with a place for every path, and odd ones are refused with a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eutectic.campaigns.errors import CampaignFileError, Complaint
from eutectic.campaigns.file.document import MAX_BYTES, MAX_DEPTH, Document, load, parse


def refusal(text, overrides=(), folder=None):
    """What reading the text is refused with."""
    path = folder / "c.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CampaignFileError) as caught:
        load(path, overrides)
    return str(caught.value).replace(str(folder) + "/", "")


def content(text):
    document = parse(text, "c.yaml")
    assert document.complaints == ()
    return document.content


def test_words_that_yaml_1_1_made_booleans_stay_text():
    words = ["No", "Y", "On", "no", "yes", "off", "N", "y"]
    assert content(f"elements: {{{', '.join(f'{w}: [0, 0.5]' for w in words)}}}") == {
        "elements": {word: [0, 0.5] for word in words}
    }
    assert content(f"[{', '.join(words)}]") == words


def test_booleans_nulls_and_numbers_follow_yaml_1_2():
    assert content("[true, False, ~, null, Null]") == [True, False, None, None, None]
    assert content("[1, -2, +3, 010, 0x10, 0o17]") == [1, -2, 3, 10, 16, 15]
    assert content("[1e-3, 1E5, .5, 1., -2.5e+2]") == [1e-3, 1e5, 0.5, 1.0, -250.0]
    assert content("[12:30, 1_000, 2024-01-01, 300 K]") == ["12:30", "1_000", "2024-01-01", "300 K"]
    assert content("['1', \"true\", !!str 2]") == ["1", "true", "2"]


def test_keys_are_always_text():
    assert content("{1: a, true: b, null: c, 1e-3: d}") == {"1": "a", "true": "b", "null": "c", "1e-3": "d"}


def test_every_path_has_its_line():
    document = parse("a:\n  b: 1\n  c:\n    - x\n    - y: 2\n", "c.yaml")
    assert document.places["a", "b"] == "c.yaml:2"
    assert document.places["a", "c", 1, "y"] == "c.yaml:5"
    assert document.placed(Complaint(("a", "c", 0, "gone"), "m")).place == "c.yaml:4"


def test_where_a_document_comes_from_does_not_count_in_comparisons():
    assert parse("a: 1", "one") == parse("b: 2", "two") == Document({}, {})


def test_all_duplicate_keys_are_refused_with_both_lines():
    document = parse("a: 1\nb: {x: 1, x: 2}\na: 3\n", "c.yaml")
    assert [str(c) for c in document.complaints] == [
        "c.yaml:2: b.x: duplicate key 'x', first on line 2",
        "c.yaml:3: a: duplicate key 'a', first on line 1",
    ]


def test_infinities_and_endless_numbers_are_refused():
    document = parse(f"[.inf, -.INF, .nan, {'9' * 5000}, 1e999]", "c.yaml")
    assert len(document.complaints) == 5
    assert "finite" in document.complaints[0].message
    assert "too many digits" in document.complaints[3].message


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['true']",
        "!!python/name:os.system x",
        "!mine 3",
        "!!set {a, b}",
        "!!timestamp 2024-01-01",
    ],
)
def test_tags_beyond_plain_values_are_refused(tag):
    (complaint,) = parse(f"a: {tag}", "c.yaml").complaints
    assert "tag" in complaint.message
    assert "not allowed" in complaint.message


def test_a_tag_that_does_not_fit_its_value_is_refused():
    assert len(parse("a: !!int x\nb: !!float y", "c.yaml").complaints) == 2


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a:\n\tb: 1\n", 2, "a tab stands where spaces are wanted"),
        ("a: 1\nb: 2: 3\n", 2, "quote text that holds ': '"),
        ("a: [1, 2\nb: 3\n", 2, "not YAML"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
        ("a: *gone\n", 1, "undefined alias"),
        ("a: 1\n\x00", 2, "character"),
        ("[" * 5000, 1, f"deeper than {MAX_DEPTH}"),
        ("\n".join(" " * k + "a:" for k in range(200)), MAX_DEPTH, f"deeper than {MAX_DEPTH}"),
        ("a: &x [*x]\n", 1, "aliases make this larger"),
        ("a: 'open\n", 2, "not YAML"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(tmp_path, text, line, says):
    message = refusal(text, folder=tmp_path)
    assert message.startswith(f"c.yaml:{line}: ")
    assert says in message


def test_a_bomb_of_aliases_is_refused(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 12)]
    assert "aliases make this larger" in refusal("\n".join(lines), folder=tmp_path)


def test_anchors_and_aliases_are_understood():
    assert content("a: &x [1, 2]\nb: *x") == {"a": [1, 2], "b": [1, 2]}


def test_text_that_is_not_utf_8_is_refused_with_its_line(tmp_path):
    message = refusal(b"name: a\nnote: caf\xe9\n", folder=tmp_path)
    assert message == "c.yaml:2: not UTF-8 text (byte 17 is 0xe9); save the file as UTF-8"


def test_a_byte_order_mark_and_windows_lines_do_no_harm(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: a\r\nseed: 3\r\n")
    assert load(path).content == {"name": "a", "seed": 3}


def test_missing_files_folders_and_giants_are_refused(tmp_path):
    for path, says in ((tmp_path / "gone.yaml", "no such file"), (tmp_path, "this is a folder")):
        with pytest.raises(CampaignFileError, match=says):
            load(path)
    assert "larger than" in refusal("#" * (MAX_BYTES + 1), folder=tmp_path)


def test_half_a_character_is_refused():
    assert "half a character" in str(parse(r'a: "\ud800"', "c.yaml").complaints[0])


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("budget: {evaluations: 60}\noracles:\n  - {name: md, use: lammps, cells: 5}\n  - {use: screens}\n")
    return path


def test_set_changes_values_by_path_position_and_name(written):
    overrides = ["budget.evaluations=20", "oracles.0.cells=3", "oracles.md.fault=relaxed", "oracles.screens.a.b=[1, x]"]
    assert load(written, overrides).content == {
        "budget": {"evaluations": 20},
        "oracles": [
            {"name": "md", "use": "lammps", "cells": 3, "fault": "relaxed"},
            {"use": "screens", "a": {"b": [1, "x"]}},
        ],
    }


def test_set_is_named_as_the_place_of_what_it_changed(written):
    document = load(written, ["budget={evaluations: 7}", "seed=3"])
    assert document.placed(Complaint(("budget", "evaluations"), "m")).place == "--set budget={evaluations: 7}"
    assert document.placed(Complaint(("seed",), "m")).place == "--set seed=3"
    assert document.placed(Complaint(("oracles", 0), "m")).place == f"{written}:3"


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("budget.evaluations", "write KEY=VALUE"),
        ("=3", "write KEY=VALUE"),
        ("budget..x=3", "write KEY=VALUE"),
        ("oracles.mdd.cells=3", "'mdd' names no single entry of the list; known: 0 to 1, lammps, md, screens"),
        ("oracles.2.cells=3", "'2' names no single entry"),
        ("budget.evaluations.x=3", "which is no mapping"),
        ("seed=[1", "not YAML"),
        ("seed={a: 1, a: 2}", "duplicate key"),
    ],
)
def test_a_bad_override_is_refused_by_its_own_text(written, override, says):
    try:
        document = load(written, [override])
        message = str(document.refuse(document.complaints))
    except CampaignFileError as error:
        message = str(error)
    assert message.startswith(f"--set {override}: ")
    assert says in message


def test_an_override_cures_what_was_wrong_at_its_path(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("seed: .inf\nname: x\n")
    assert load(path, ["seed=3"]).complaints == ()


@given(st.text())
def test_any_text_gives_plain_values_or_a_refusal(text):
    try:
        document = parse(text, "c.yaml")
    except CampaignFileError:
        return
    assert plain(document.content)


def plain(value):
    if isinstance(value, dict):
        return all(isinstance(key, str) and plain(entry) for key, entry in value.items())
    if isinstance(value, list):
        return all(map(plain, value))
    return value is None or isinstance(value, str | int | float | bool)
