"""Nobody gets in who was not let in: every route, every scope, from everywhere."""

import re
import stat
import time

import pytest
import requests

from eutectic.campaigns.client import Client
from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.service import access
from eutectic.campaigns.service.app import routes
from eutectic.campaigns.service.guard import MOST_BYTES, needed
from eutectic.campaigns.service.state import Service
from tests.campaigns.service.services import file, served

ROUTES = sorted(
    (method, re.sub(r"\{\w+\}", "solder", path))
    for path, methods in routes(Service(None, None, None)).openapi()["paths"].items()
    for method in map(str.upper, methods)
)
WRITING = [route for route in ROUTES if route[0] != "GET"]
OTHERS = [("GET", "/"), ("GET", "/openapi.json"), ("GET", "/static/page.js"), ("POST", "/mcp"), ("GET", "/nowhere")]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with served(tmp_path_factory.mktemp("shelf") / "runs") as (url, tokens):
        Client(url, tokens["operate"]).create(file())
        yield url, tokens


def sent(service, route, scope="", **headers):
    method, path = route
    if scope:
        headers["authorization"] = f"Bearer {service[1][scope]}"
    json = None if method == "GET" else {}
    return requests.request(method, service[0] + path, headers=headers, json=json, allow_redirects=False, timeout=30)


def test_there_are_routes_to_look_at():
    assert len(ROUTES) >= 22
    assert len(WRITING) >= 8


@pytest.mark.parametrize("route", [*ROUTES, *OTHERS], ids=" ".join)
def test_a_route_without_a_token_is_shut(service, route):
    assert sent(service, route).status_code == 401
    assert sent(service, route, authorization="Bearer of-something-else").status_code == 401


@pytest.mark.parametrize("route", WRITING, ids=" ".join)
def test_a_token_to_read_writes_nothing(service, route):
    answer = sent(service, route, "read")
    assert answer.status_code == 403
    assert "may read" in answer.json()["detail"]


@pytest.mark.parametrize("route", [("POST", "/v1/campaigns"), ("POST", "/v1/campaigns/solder/state")], ids=" ".join)
def test_a_token_to_tell_starts_nothing(service, route):
    assert sent(service, route, "tell").status_code == 403


def test_what_is_not_listed_wants_the_most():
    assert needed("POST", "/v1/campaigns/solder/suggestions") == "tell"
    assert needed("POST", "/v1/campaigns/a/b/suggestions") == "operate"
    assert needed("PATCH", "/v1/anything") == "operate"
    assert needed("PUT", "/v1/campaigns/solder/observations/3/files/scan.xy") == "tell"
    assert needed("PUT", "/v1/campaigns/solder/observations/3/files/scan.xy/more") == "operate"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8765", ""])
def test_a_foreign_host_is_refused(service, host):
    assert sent(service, ("GET", "/v1/campaigns"), "operate", host=host).status_code in (400, 403)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_a_foreign_origin_is_refused(service, origin):
    for route in (("GET", "/v1/campaigns"), ("POST", "/v1/campaigns/solder/suggestions")):
        assert sent(service, route, "operate", origin=origin).status_code == 403


def test_the_services_own_origin_is_not(service):
    answer = sent(service, ("POST", "/v1/campaigns/solder/suggestions"), "tell", origin=service[0])
    assert answer.status_code == 200


def test_a_browser_exchanges_the_token_for_a_cookie_that_scripts_and_other_sites_cannot_use(service):
    session = requests.Session()
    answer = session.get(f"{service[0]}/?token={service[1]['operate']}", allow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    words = answer.headers["set-cookie"].lower()
    assert "httponly" in words
    assert "samesite=strict" in words
    assert session.get(f"{service[0]}/v1/campaigns").status_code == 200
    path = f"{service[0]}/v1/campaigns/solder/suggestions"
    assert session.post(path, json={}).status_code == 403  # says not where it comes from
    assert session.post(path, json={}, headers={"origin": service[0]}).status_code == 200


def test_a_browser_without_a_token_is_asked_for_one(service):
    answer = sent(service, ("GET", "/"), accept="text/html")
    assert (answer.status_code, "password" in answer.text, "<script" in answer.text) == (401, True, False)


def test_answers_carry_the_headers_that_browsers_need(service):
    headers = sent(service, ("GET", "/v1/campaigns"), "read").headers
    assert "script-src 'self';" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_a_body_too_large_or_of_no_length_is_refused(service):
    headers = {"authorization": f"Bearer {service[1]['operate']}"}
    url = f"{service[0]}/v1/campaigns"
    assert requests.post(url, data=b"x" * (MOST_BYTES + 1), headers=headers).status_code == 413
    assert requests.post(url, data=iter([b"x"]), headers=headers).status_code == 411


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..%2fetc", "a%00b", "data", ".ready", "x" * 300])
def test_no_name_leads_out_of_the_folder(service, name):
    assert sent(service, ("GET", f"/v1/campaigns/{name}"), "operate").status_code in (404, 422)


def test_a_token_is_for_the_campaigns_it_names(tmp_path):
    with served(tmp_path / "runs") as (url, tokens):
        Client(url, tokens["operate"]).create(file("lab_a"))
        Client(url, tokens["operate"]).create(file("lab_b"))
        own = Client(url, access.add(tmp_path / "runs", "ann", "operate", "lab_a*"))
        assert [c["id"] for c in own.campaigns()] == ["lab_a"]
        assert len(own.suggest("lab_a", 1)) == 1
        for attempt in (lambda: own.status("lab_b"), lambda: own.suggest("lab_b"), lambda: own.create(file("lab_c"))):
            with pytest.raises(PermissionError, match="campaigns called lab_a"):
                attempt()


def test_a_token_that_expired_or_was_removed_opens_nothing_at_once(tmp_path):
    ring = access.Keyring(tmp_path)
    text = access.add(tmp_path, "ann", "read", expires=time.time() + 100)
    assert ring.access(text).scope == "read"
    assert ring.access(text, now=time.time() + 101) is None
    assert ring.access(text[:-1]) is None
    access.remove(tmp_path, "ann")
    assert ring.access(text) is None


def test_only_the_beginning_and_a_hash_of_a_token_are_kept_for_its_owner_alone(tmp_path):
    text = access.add(tmp_path, "ann", "tell")
    path = tmp_path / access.NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert text not in path.read_text()
    assert text[:8] in path.read_text()
    with pytest.raises(CampaignFolderError, match="a token called 'ann' is there"):
        access.add(tmp_path, "ann", "read")
    with pytest.raises(CampaignFolderError, match="unknown token 'anne'; did you mean 'ann'"):
        access.remove(tmp_path, "anne")


def test_behind_a_proxy_the_path_is_part_of_every_address(tmp_path):
    with served(tmp_path / "runs", root="/lab", hosts=["campaigns.example"]) as (url, tokens):
        host = {"host": "campaigns.example"}
        headers = {"authorization": f"Bearer {tokens['operate']}", **host}
        for path in ("/lab/v1/campaigns", "/v1/campaigns"):  # the proxy leaves it, or takes it away
            assert requests.get(url + path, headers=headers).json() == []
        answer = requests.get(
            f"{url}/lab/?token={tokens['read']}", headers={"host": "campaigns.example"}, allow_redirects=False
        )
        assert answer.headers["location"] == "/lab/"
        assert "path=/lab" in answer.headers["set-cookie"].lower()
