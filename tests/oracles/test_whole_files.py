"""A file that several write at once is always one of theirs, whole."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eutectic.oracles.whole_files import write_whole


def test_writers_at_once_leave_one_of_theirs_whole_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    contents = [bytes([65 + k]) * 200_000 for k in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: write_whole(path, content), contents))
    assert path.read_bytes() in contents
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OSError, match=r"report\.html"):
        write_whole(tmp_path / "report.html", b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
