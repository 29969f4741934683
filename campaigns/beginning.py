"""This file is how a campaign begins and is taken up: its folder and lock, its journal, the copy of its file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from eutectic.campaigns.analysis.leaning import bounds_of
from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.loop.context import require_attended
from eutectic.campaigns.loop.prior_data import known_rows
from eutectic.campaigns.problem import build, executors
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.facts import facts, source_of
from eutectic.campaigns.record.journal import Journal, holds_campaign
from eutectic.campaigns.record.ledger import Logbook
from eutectic.campaigns.record.lock import FolderLock

Begun = tuple[Problem, Path, Logbook, FolderLock]
"""A campaign's parts, folder, record and lock."""


def begin_file(
    path: Path,
    folder: str | Path | None,
    overrides: Sequence[str],
    by_itself: bool,
    source: Path | None = None,
    by: str = "",
) -> Begun:
    """Begin the campaign of a file, in `folder` or runs/NAME; by_itself: refuse one that only people can lead.

    source: the folder that its relative paths are taken from, the file's own when not given; by: who begins it.
    """
    spec = CampaignSpec.from_file(path, overrides)
    text = path.read_bytes()
    origin = (path.parent if source is None else source).absolute()
    return begin(spec, origin, folder, path, text, overrides, by_itself, by)


def begin(
    spec: CampaignSpec,
    source: Path,
    folder: str | Path | None,
    path: Path | None = None,
    text: bytes | None = None,
    overrides: Sequence[str] = (),
    by_itself: bool = False,
    by: str = "",
) -> Begun:
    """Begin a campaign whose relative paths start at `source`; `text` of its file, at `path`, is kept in the folder.

    CampaignFileError for parts that do not fit, CampaignFolderError when the folder already holds a campaign or is in
    use, EngineMissing when an oracle cannot run here. Nothing is written before all of that is known.
    """
    built = build.build(spec, source)
    if by_itself:
        require_attended(built)
        executors.require(built.executor)
    rows = known_rows(built)
    home = place(spec, folder)
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CampaignFolderError(f"{home}: this folder cannot be made ({error.strerror})") from None
    lock = FolderLock(home)
    lock.acquire()
    try:
        known = facts(path or source / "campaign.yaml", source, spec.seed, overrides, home)
        known["bounds"] = bounds_of(built.generator.space)
        begun = {"spec": spec.dump(), "source": str(built.folder), "facts": known}
        begun |= {"by": by} if by else {}
        journal = Journal.create(home, begun, {"rows": rows} if rows else None)
        _keep(home / "campaign.yaml", path, text, spec.dump())
    except BaseException:
        lock.release()
        raise
    return built, home, Logbook(journal, str(home)), lock


def begin_or_open(spec: CampaignSpec, source: Path, folder: str | Path | None) -> Begun:
    """Begin a campaign, or take up the one in the folder; CampaignFolderError where that is another one."""
    home = place(spec, folder)
    if not (home.is_dir() and holds_campaign(home)):
        return begin(spec, source, folder)
    begun = take_up(home)
    recorded, wanted = begun[0].spec.dump(), spec.dump()
    differing = [key for key in {**recorded, **wanted} if recorded.get(key) != wanted.get(key)]
    if differing:
        begun[2].journal.close()
        raise CampaignFolderError(
            f"{home} holds a campaign that differs in {', '.join(differing)}; take it up as it is with "
            f"Campaign.open({str(home)!r}), change it with .change(...), or give another folder"
        )
    return begun


def take_up(home: Path, engines: bool = True) -> Begun:
    """Take up the campaign of a folder; CampaignFolderError when it holds none that can be read."""
    journal = Journal.open(home)
    try:
        logbook = Logbook(journal, str(home))
        begun = logbook.bare()
        built = build.build(begun.spec, Path(source_of(home, begun.source, begun.facts)), engines, begun=True)
    except BaseException:
        journal.close()
        raise
    return built, home, logbook, FolderLock(home)


def place(spec: CampaignSpec, folder: str | Path | None) -> Path:
    """Where a campaign lives: `folder`, or runs/NAME."""
    return Path("runs") / spec.name if folder is None else Path(folder)


def _keep(kept: Path, path: Path | None, text: bytes | None, content: Mapping[str, object]) -> None:
    """Write the campaign's file into its folder, unless it lies there already."""
    if path is not None and kept.exists() and kept.samefile(path):
        return
    kept.write_bytes(text if text is not None else yaml.safe_dump(dict(content), sort_keys=False).encode())


def let_go(journal: Journal, lock: FolderLock) -> None:
    """Close a campaign's journal and leave its folder to others."""
    journal.close()
    lock.release()


class Closed:
    """What a campaign that was closed has in place of its journal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise CampaignFolderError(f"the campaign was closed; Campaign.open({str(self._folder)!r}) takes it up again")
