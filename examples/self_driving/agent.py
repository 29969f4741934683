"""The same by an agent's tools: a client of the Model Context Protocol asks and tells over standard input and output.

    python examples/self_driving/agent.py runs --target 85

A language model would choose the tools itself; here a script does, so that it runs without one.
"""

import argparse
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import anyio
import mcp

sys.path.insert(0, str(Path(__file__).parent))

from instrument import STD, measured

HERE = Path(__file__).parent


async def used(client: mcp.Client, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A tool's answer; RuntimeError with its complaint."""
    answer = await client.call_tool(tool, arguments)
    if answer.is_error:
        raise RuntimeError(answer.content[0].text)
    return answer.structured_content or json.loads(answer.content[0].text)


async def drive(folder: str, target: float) -> tuple[int, float]:
    """Ask and tell until the target is met or nothing is left; samples made, and the best yield."""
    command = mcp.StdioServerParameters(
        command=sys.executable, args=["-m", "eutectic", "mcp", folder], env={**os.environ}
    )
    rng, made, best, name = random.Random(2), 0, 0.0, "self_driving"
    async with mcp.Client(mcp.stdio_client(command)) as client:
        await used(client, "begin", {"file": (HERE / "campaign.yaml").read_text(encoding="utf-8")})
        while best < target:
            samples = (await used(client, "suggest", {"name": name, "n": 1}))["suggestions"]
            if not samples:
                break
            value = measured(samples[0]["variables"], rng)
            made += 1
            said: dict[str, Any] = {"failed": "the vessel cracked"}
            if value is not None:
                said = {"values": {"yield_percent": value}, "errors": {"yield_percent": STD}}
                best = max(best, value)
            await used(client, "tell", {"name": name, "observation": {"id": samples[0]["id"], **said}})
    return made, best


def main() -> None:
    """Drive the campaign of the folder given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="The folder of campaign folders.")
    parser.add_argument("--target", type=float, default=85.0, help="Yield at which to stop, percent.")
    given = parser.parse_args()
    made, best = anyio.run(drive, given.folder, given.target)
    print(f"{'met' if best >= given.target else 'missed'} {given.target:g} % with {made} samples: {best:.1f} %")


if __name__ == "__main__":
    main()
