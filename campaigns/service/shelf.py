"""This file is the folder of campaign folders: which there are, and those in use, held open one lock each."""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError, CampaignFolderError, Complaint, unknown
from eutectic.campaigns.record.journal import NAME as JOURNAL
from eutectic.campaigns.record.journal import holds_campaign
from eutectic.campaigns.record.outcomes import Ledger
from eutectic.campaigns.sharing import changes

DATA = "data"
"""Folder beside the campaigns' that their files' relative paths start at."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
MOST_OPEN = 64
"""Campaigns held open, each with its record in memory, where nothing else is said."""


@dataclass(slots=True)
class Open:
    """A campaign that is open."""

    campaign: Campaign
    changes: int
    """That it was opened after."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0
    """Requests that are at it, or wait to be."""


class Shelf:
    """Campaigns by name; safe to use from many threads."""

    def __init__(self, folder: Path, most_open: int = MOST_OPEN) -> None:
        self.folder, self.most_open = folder.absolute(), most_open
        self._open: OrderedDict[str, Open] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def data(self) -> Path:
        """Where campaign files' relative paths start."""
        return self.folder / DATA

    def names(self) -> list[str]:
        """The campaigns there are; a folder that cannot be read as one is passed over."""
        return sorted(path.name for path in self.folder.iterdir() if NAME.fullmatch(path.name) and _holds(path))

    def home(self, name: str) -> Path:
        """A campaign's folder; CampaignFileError (missing) when there is none of that name."""
        with self._lock:
            known = name in self._open and (self.folder / name / JOURNAL).exists()
        if not known and (not NAME.fullmatch(name) or not _holds(self.folder / name)):
            raise CampaignFileError([Complaint((), unknown("campaign", name, self.names()), kind="missing")])
        return self.folder / name

    @contextmanager
    def use(self, name: str) -> Iterator[Open]:
        """A campaign for this thread alone, opened anew when its sections were changed meanwhile."""
        home = self.home(name)
        held = self._taken(name, home)
        try:
            with held.lock:
                if changes(held.campaign) != held.changes:
                    held.campaign.close()
                    held.campaign, held.changes = _opened(home)
                yield held
        finally:
            with self._lock:
                held.users -= 1

    def ledger(self, name: str) -> Ledger:
        """Everything a campaign's journal says now."""
        with self.use(name) as held:
            return held.campaign.ledger

    def close(self) -> None:
        """Let go of all of them."""
        with self._lock:
            for held in self._open.values():
                held.campaign.close()
            self._open.clear()

    def _taken(self, name: str, home: Path) -> Open:
        """The open campaign, opened when it is not, with one user more; the one unused for longest makes room."""
        with self._lock:
            held = self._open.get(name)
            if held is None:
                held = self._open[name] = Open(*_opened(home))
            held.users += 1
            self._open.move_to_end(name)
            idle = [key for key, other in self._open.items() if not other.users]
            for key in idle[: max(0, len(self._open) - self.most_open)]:
                self._open.pop(key).campaign.close()
        return held


def _opened(home: Path) -> tuple[Campaign, int]:
    """A campaign, and how often it had been changed when it was opened."""
    campaign = Campaign.open(home, engines=False)
    return campaign, len(campaign.logbook.bare().changes)


def _holds(path: Path) -> bool:
    try:
        return path.is_dir() and holds_campaign(path)
    except CampaignFolderError:
        return False
