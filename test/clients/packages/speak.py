"""
The other end of the harness for clients in Python, as `speak.mjs` is for those in JavaScript: a request a line on standard
input, an answer a line on standard output. All is done in one task, because contexts of these clients belong to the task
that entered them.
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack


def plain(model):
    """What a client hands over, as JSON: the members that the server sent."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


class Official:
    """A session of the official SDK: it has no model, and hands over the whole result."""

    def __init__(self, session):
        self.session = session

    async def list(self):
        listed = await self.session.list_tools()
        return [{"name": tool.name, "schema": plain(tool)["inputSchema"]} for tool in listed.tools]

    async def call(self, name, args):
        result = plain(await self.session.call_tool(name, args))
        return {name: result.get(name) for name in ("content", "structuredContent", "isError")}


async def serve(connected):
    answers = sys.stdout
    sys.stdout = sys.stderr
    client = None
    async with AsyncExitStack() as stack:
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            method, params = asked["method"], asked["params"]
            try:
                result = None
                if method == "connect":
                    client = await connected(params[0], stack)
                elif method != "close":
                    result = await getattr(client, method)(*params)
                answer = {"id": asked["id"], "result": result}
            except BaseException as error:
                answer = {"id": asked["id"], "error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), file=answers, flush=True)
            if method == "close":
                return


def speak(connected):
    """`connected(target, stack)` answers a client that is connected, whose contexts `stack` closes."""
    asyncio.run(serve(connected))
