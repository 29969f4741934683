"""The campaigns that a service holds open: the one unused for longest makes room, and is read again when asked for."""

from contextlib import closing
from inspect import signature

from eutectic.campaigns.beginning import Closed
from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.commands.service import serve
from eutectic.campaigns.service.shelf import MOST_OPEN, Shelf
from tests.campaigns.service.services import file, measured


def test_of_more_campaigns_than_are_to_be_open_the_one_unused_for_longest_is_closed(tmp_path):
    for name in ("one", "two", "three"):
        Campaign.from_dict(file(name), tmp_path / name).close()
    with closing(Shelf(tmp_path, most_open=2)) as shelf:
        with shelf.use("one") as held:
            first = held.campaign
            (outcome,) = first.ask(1)
            first.tell(outcome.id, measured({"variables": outcome.variables}))
            for name in ("two", "three"):
                with shelf.use(name):
                    assert not isinstance(first.logbook, Closed), "one that is in use stays open"
        with shelf.use("two"), shelf.use("three"):
            assert isinstance(first.logbook, Closed)
        assert [o.status for o in shelf.ledger("one").outcomes] == ["finished"]


def test_the_command_keeps_as_many_open_as_a_service_does_by_itself():
    assert signature(serve).parameters["most_open"].default == MOST_OPEN
