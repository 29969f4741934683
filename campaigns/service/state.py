"""This file is what the routes share: the campaigns, their processes, the child, and who asks."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from fastapi import Path as InPath

from eutectic.campaigns.service.access import Access
from eutectic.campaigns.service.child import Child
from eutectic.campaigns.service.metrics import Metrics
from eutectic.campaigns.service.processes import Processes
from eutectic.campaigns.service.shelf import MOST_OPEN, Shelf


def goes_on() -> bool:
    """Nobody asks it to end."""
    return False


@dataclass(slots=True)
class Service:
    """One service."""

    shelf: Shelf
    child: Child
    processes: Processes
    allowed: Collection[str] = ()
    """What its operator lets campaign files name."""
    metrics: Metrics = field(default_factory=Metrics)
    over: Callable[[], bool] = goes_on
    """Does it end? Then streams do, too, so that nobody has to cut them off."""

    @classmethod
    def of(
        cls,
        folder: Path,
        most: int,
        allowed: Collection[str],
        over: Callable[[], bool] = goes_on,
        most_open: int = MOST_OPEN,
    ) -> "Service":
        """The service of a folder; `most` campaigns run at once, the records of `most_open` stay in memory."""
        shelf = Shelf(folder, most_open)
        return cls(shelf, Child(), Processes(shelf, most), allowed, over=over)

    def open(self) -> None:
        """Begin."""
        self.shelf.folder.mkdir(parents=True, exist_ok=True)
        self.processes.open()

    def close(self) -> None:
        """End; campaigns' processes go on."""
        self.processes.close()
        self.child.close()
        self.shelf.close()


def asker(request: Request) -> Access:
    """Who asks, as the guard has seen."""
    access: Access = request.state.access
    return access


def service_of(request: Request) -> Service:
    """The service that answers."""
    service: Service = request.app.state.service
    return service


Asker = Annotated[Access, Depends(asker)]
Here = Annotated[Service, Depends(service_of)]
Named = Annotated[str, InPath(description="The campaign.", max_length=100)]


def signed(access: Access, by: str = "") -> str:
    """Who says so, for the record: the token's name, behind the person's where one is named."""
    return f"{by} ({access.name})" if by else access.name
