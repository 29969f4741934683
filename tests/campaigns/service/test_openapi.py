"""The OpenAPI as others' programs read it: examples, problems, and nothing that a made-up request could break."""

import shutil
import subprocess

import pytest
import requests

from eutectic.campaigns.client import Client
from tests.campaigns.service.services import file, served

SCHEMATHESIS = shutil.which("schemathesis")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with served(tmp_path_factory.mktemp("shelf") / "runs") as (url, tokens):
        client = Client(url, tokens["operate"])
        client.create(file())
        client.suggest("solder", 2)
        yield url, tokens["operate"]


def test_every_route_says_what_it_does_and_how_it_fails(service):
    headers = {"authorization": f"Bearer {service[1]}"}
    content = requests.get(f"{service[0]}/openapi.json", headers=headers).json()
    for path, methods in content["paths"].items():
        for method, route in methods.items():
            assert route["description"], (method, path)
            problem = route["responses"]["404"]["content"]["application/problem+json"]["schema"]
            assert problem["properties"]["errors"]["items"] == {"$ref": "#/components/schemas/Said"}
    for body in ("Wanted", "Observation", "Note", "Run"):
        assert content["components"]["schemas"][body]["examples"]
    ids = [route["operationId"] for methods in content["paths"].values() for route in methods.values()]
    assert len(set(ids)) == len(ids)


@pytest.mark.slow
@pytest.mark.timeout(1000)
@pytest.mark.skipif(SCHEMATHESIS is None, reason="schemathesis is not installed")
def test_no_made_up_request_breaks_it(service, tmp_path):
    words = [
        SCHEMATHESIS, "run", f"{service[0]}/openapi.json", "-H", f"Authorization: Bearer {service[1]}",
        "--checks", "not_a_server_error", "--max-examples", "30", "--exclude-path-regex", "events|report|explanation",
        "--request-timeout", "60", "--seed", "1", "--no-color",
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=900, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
