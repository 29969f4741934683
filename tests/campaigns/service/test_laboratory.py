"""A campaign led over HTTP: the same samples as on the command line, each told once, whoever asks how often."""

import socket
import threading

import pytest
import requests
import yaml

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.client import Client
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.telling import suggested
from tests.campaigns.service.services import Process, file, measured, served


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shelf") / "runs"
    with served(folder) as (url, tokens):
        yield url, tokens, folder


@pytest.fixture
def client(service):
    return Client(service[0], service[1]["operate"])


def numbers(suggestions):
    return [suggestion["number"] for suggestion in suggestions]


@pytest.mark.parametrize("use", ["nsga2", pytest.param("bayesian", marks=pytest.mark.slow)])
def test_a_campaign_goes_to_its_end_with_the_proposals_of_the_command_line(client, tmp_path, use):
    stages = [{"use": "sobol", "evaluations": 6}, {"use": use}]
    content = file("twin", optimizers=stages, budget={"evaluations": 10, "batch": 2})
    client.create(content)
    while samples := client.suggest("twin", 2):
        for sample in samples:
            client.tell("twin", sample["id"], measured(sample))
    (tmp_path / "twin.yaml").write_text(yaml.safe_dump(content))
    with Campaign.from_yaml(tmp_path / "twin.yaml", tmp_path / "twin") as campaign:
        while outcomes := suggested(campaign, 2)[0]:
            for outcome in outcomes:
                campaign.tell(outcome.id, measured({"variables": outcome.variables}))
        ledger = campaign.ledger
    status = client.status("twin")
    assert (status["state"], status["evaluations"]["done"]) == ("done", 10)
    assert [o["variables"] for o in client.observations("twin")] == [dict(o.variables) for o in ledger.outcomes]
    assert [r["hypervolume"] for r in client.rounds("twin")] == pytest.approx([r.hypervolume for r in ledger.rounds])
    assert len(client.pareto("twin")["candidates"]) >= 1
    assert client.export("twin").count("\n") == 11
    if use == "bayesian":
        assert "Pareto front" in client.report("twin")


def test_the_same_file_twice_is_one_campaign_and_another_under_its_name_a_conflict(client):
    assert client.create(file("once"))["id"] == "once"
    assert client.create(file("once"))["id"] == "once"
    with pytest.raises(CampaignFileError, match="another campaign has this name"):
        client.create(file("once", seed=4))
    assert [c["id"] for c in client.campaigns()].count("once") == 1


def test_two_holders_get_different_samples_and_each_the_same_again(client):
    client.create(file("shared"))
    assert numbers(client.suggest("shared", 2, "ann")) == [1, 2]
    assert numbers(client.suggest("shared", 2, "bob")) == [3, 4]
    assert numbers(client.suggest("shared", 2, "ann")) == [1, 2]
    client.give_back("shared", "2", keep=True)
    assert numbers(client.suggest("shared", 3, "bob")) == [3, 4, 2]
    assert client.tell("shared", "2", {"a": 1, "b": 1})["status"] == "finished"
    assert client.give_back("shared", "1", why="no powder")["status"] == "returned"
    barred = client.give_back("shared", "1", never=True)["remarks"][-1]
    assert barred["text"] == "returned, never to be asked for again: no powder"
    assert client.tell("shared", "1", {"a": 1, "b": 1})["number"] is None


def test_furnaces_that_ask_at_once_have_a_temperature_each(client, service):
    variables = {"x": {"low": 0, "high": 1, "per": "batch"}, "y": [0, 1]}
    client.create(file("furnaces", space={"use": "parameters", "variables": variables}))
    taken = {}

    def take(holder):
        own = Client(service[0], service[1]["operate"])
        first = own.suggest("furnaces", 1, holder=holder)
        taken[holder] = first + own.suggest("furnaces", 2, holder=holder)

    furnaces = [threading.Thread(target=take, args=(f"furnace_{k}",)) for k in range(3)]
    for thread in furnaces:
        thread.start()
    for thread in furnaces:
        thread.join()
    heats = [{sample["variables"]["x"] for sample in samples} for samples in taken.values()]
    assert [len(heat) for heat in heats] == [1, 1, 1]
    assert len(set.union(*heats)) == 3


def test_twenty_instruments_at_once_get_twenty_samples(client, service):
    client.create(file("crowd", budget={"evaluations": 30, "batch": 2}))
    taken = []

    def instrument(k):
        own = Client(service[0], service[1]["tell"])
        sample = own.suggest("crowd", 1, f"instrument {k}")[0]
        own.tell("crowd", sample["id"], measured(sample))
        taken.append(sample["number"])

    threads = [threading.Thread(target=instrument, args=(k,)) for k in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(taken)) == len(taken) == 20
    assert client.status("crowd")["evaluations"]["done"] == 20


def test_everything_that_can_be_told_is_told_once_and_by_whom(client):
    client.create(file("told"))
    client.suggest("told", 3)
    for _ in range(2):
        client.tell("told", "1", {"a": 1.0, "b": 1.0}, {"a": 0.1}, by="Eva")
        client.fail("told", "2", "cracked")
        client.add("told", {"x": 0.5, "y": 0.5}, {"a": 2.0, "b": 2.0}, key="old 1")
        client.add("told", {"x": 0.9, "y": 0.9}, {}, failed="melted")
    for _ in range(2):
        client.correct("told", "1", {"a": 1.5}, "misread")
    with pytest.raises(CampaignFileError, match="finished already"):
        client.tell("told", "1", {"a": 9.0, "b": 1.0})
    client.tell("told", "1", {"a": 2.5, "b": 1.0}, repeat=True)
    client.note("told", "3", "powder from the new batch")
    first, second, third = (o for o in client.observations("told") if o["number"])
    assert (first["values"]["a"], len(first["measurements"])) == (2.0, 2)
    assert (second["status"], second["error"]) == ("failed", "cracked")
    assert [r["text"] for r in third["remarks"]] == ["powder from the new batch"]
    kinds, people = [], []
    for event in client.events("told"):
        kinds.append(event["kind"])
        people.append(event.get("by"))
        if event["kind"] == "note":
            break
    assert [kinds.count(k) for k in ("told", "reported", "added", "corrected")] == [2, 1, 2, 1]
    assert people[kinds.index("told")] == "Eva (operate)"
    assert people[kinds.index("begun")] == "operate"


def test_a_note_beside_whatever_is_told_is_kept(client):
    client.create(file("noted"))
    client.suggest("noted", 2)
    client.tell("noted", "1", {"a": 1.0, "b": 1.0}, note="as it came")
    client.correct("noted", "1", {"a": 1.5}, "misread", by="Eva", note="read again")
    client.fail("noted", "2", "cracked", note="in the press")
    client.add("noted", {"x": 0.5, "y": 0.5}, {"a": 2.0, "b": 2.0}, note="from the drawer")
    notes = [[remark["text"] for remark in o["remarks"]] for o in client.observations("noted")]
    corrected = ["as it came", "corrected a 1 -> 1.5 (misread)", "read again"]
    assert sorted(notes) == [corrected, ["failed: cracked", "in the press"], ["from the drawer"]]


def test_a_reader_goes_on_where_it_was(client):
    client.create(file("stream"))
    client.suggest("stream", 1)
    events = client.events("stream")
    first = [next(events) for _ in range(3)]
    assert [event["seq"] for event in first] == [1, 2, 3]
    assert next(client.events("stream", last=3))["seq"] == 4


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"id": "1", "values": {"a": "warm"}}, "Input should be a valid number"),
        ({"id": "1", "values": {"aa": 1.0}}, "did you mean 'a'"),
        ({"id": "77", "values": {"a": 1.0}}, "unknown candidate '77'"),
        ({"id": "1"}, "it says nothing"),
        ({"id": "1", "variables": {"x": 1}, "values": {"a": 1.0}}, "give `id`, or `variables`"),
        ({"variables": {"x": 0.5}, "values": {"a": 1.0}}, "y"),
        ({"id": "1", "values": {"a": 1.0}, "colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(client, service, body, words):
    client.create(file("refusals"))
    client.suggest("refusals", 1)
    headers = {"authorization": f"Bearer {service[1]['tell']}"}
    answer = requests.post(f"{service[0]}/v1/campaigns/refusals/observations", json=body, headers=headers)
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert any(words in error["message"] for error in answer.json()["errors"])


def test_an_answer_that_breaks_off_is_asked_for_again():
    def answer(listener):
        for body in (b"[", b"[]"):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n" + body)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        assert Client(f"http://127.0.0.1:{listener.getsockname()[1]}", "token").campaigns() == []
        thread.join()


def test_a_campaign_that_nobody_began_is_not_there(client):
    client.create(file("solder"))
    with pytest.raises(CampaignFileError, match="unknown campaign 'soldr'; did you mean 'solder'"):
        client.status("soldr")


def test_nothing_is_to_be_started_where_people_lead(client):
    client.create(file("manual"))
    with pytest.raises(CampaignFileError, match="led by hand"):
        client.start("manual")


def test_leases_and_tellings_survive_the_death_of_the_service(tmp_path):
    with Process(tmp_path / "runs") as process:
        client = process.client()
        client.create(file())
        assert numbers(client.suggest("solder", 2, "ann")) == [1, 2]
        client.tell("solder", "1", {"a": 1.0, "b": 1.0})
        process.kill()
        process.start()
        assert numbers(client.suggest("solder", 1, "ann")) == [2]
        assert numbers(client.suggest("solder", 1, "bob")) == [3]
        assert client.tell("solder", "1", {"a": 1.0, "b": 1.0})["status"] == "finished"
        assert next(client.events("solder", last=1))["seq"] == 2


def test_a_file_goes_out_as_it_came_in_and_is_kept_once(client):
    client.create(file("pictures"))
    (sample,) = client.suggest("pictures", 1)
    content = bytes(range(256)) * 10_000  # more than a request may have that keeps no file
    for _ in range(2):
        told = client.attach("pictures", "1", "grain <map> 50%.tif", content, note="etched")
    assert [(r["text"], r["file"]["bytes"]) for r in told["remarks"]] == [("etched", len(content))]
    assert client.attached("pictures", sample["id"], "grain <map> 50%.tif") == content
    with pytest.raises(CampaignFileError, match=r"did you mean 'grain <map> 50%.tif'"):
        client.attached("pictures", "1", "grain map 50%.tif")
    with pytest.raises(CampaignFileError, match="candidate '7'"):
        client.attach("pictures", "7", "a.txt", b"a")


def test_a_kept_file_is_saved_and_never_shown_by_a_browser(service, client):
    client.create(file("pages"))
    client.suggest("pages", 1)
    client.attach("pages", "1", "page.html", b"<script>alert(1)</script>")
    headers = {"authorization": f"Bearer {service[1]['read']}"}
    url = f"{service[0]}/v1/campaigns/pages/observations/1/files/page.html"
    answer = requests.get(url, headers=headers, timeout=30)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
