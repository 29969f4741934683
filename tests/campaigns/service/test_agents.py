"""Campaigns as tools for agents: over stdio and at /mcp, with the command line's complaints, behind the same guard."""

import sys

import anyio
import pytest
import yaml

from tests.campaigns.service.services import ROOT, computed, file, measured, served

mcp = pytest.importorskip("mcp", reason="mcp is not installed")
streamable = pytest.importorskip("mcp.client.streamable_http")
httpx2 = pytest.importorskip("httpx2")


async def led(client):
    """Lead a campaign by tools alone, as an agent would."""
    tools = (await client.list_tools()).tools
    reading = {tool.name for tool in tools if tool.annotations.read_only_hint}
    assert reading == {"campaigns", "status", "pareto", "validate", "parts", "file_schema", "explain"}
    assert {tool.name for tool in tools} - reading == {"begin", "suggest", "tell", "stop"}
    begun = await client.call_tool("begin", {"file": yaml.safe_dump(file("agents", budget={"evaluations": 3}))})
    assert not begun.is_error, begun
    while True:
        answer = (await client.call_tool("suggest", {"name": "agents", "n": 1})).structured_content
        if not answer["suggestions"]:
            break
        sample = answer["suggestions"][0]
        observation = {"id": sample["id"], "values": measured(sample)}
        assert not (await client.call_tool("tell", {"name": "agents", "observation": observation})).is_error
    assert "budget of 3 evaluations is used up" in answer["why_fewer"]
    status = (await client.call_tool("status", {"name": "agents"})).structured_content
    assert (status["state"], status["evaluations"]["done"]) == ("done", 3)
    front = (await client.call_tool("pareto", {"name": "agents"})).structured_content
    assert front["candidates"]
    return client


async def complained(client, tool, **arguments):
    answer = await client.call_tool(tool, arguments)
    assert answer.is_error
    return answer.content[0].text


def test_an_agent_leads_a_campaign_over_stdio(tmp_path):
    async def talk():
        words = ["-m", "eutectic", "mcp", str(tmp_path / "runs")]
        parameters = mcp.StdioServerParameters(command=sys.executable, args=words, env={"PYTHONPATH": str(ROOT)})
        async with mcp.Client(mcp.stdio_client(parameters)) as client:
            await led(client)
            code = yaml.safe_dump(computed("code"))
            assert "runs code that the file names" in await complained(client, "begin", file=code)
            assert "did you mean 'agents'" in await complained(client, "status", name="agent")

    anyio.run(talk)


def test_agents_over_http_pass_the_same_guard(tmp_path):
    async def talk(url, token, act):
        async with httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=60) as http:
            transport = streamable.streamable_http_client(f"{url}/mcp", http_client=http)
            async with mcp.Client(transport) as client:
                await act(client)

    async def read_only(client):
        assert (await client.call_tool("status", {"name": "agents"})).structured_content["state"] == "done"
        assert "may read; this wants `tell`" in await complained(client, "suggest", name="agents")
        assert "may read; this wants `operate`" in await complained(client, "begin", file="name: x")

    with served(tmp_path / "runs") as (url, tokens):
        anyio.run(talk, url, tokens["operate"], led)
        anyio.run(talk, url, tokens["read"], read_only)
