from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client

from speak import Official, speak


async def connected(target, stack):
    if "url" in target:
        transport = streamablehttp_client(target["url"])
    else:
        program = StdioServerParameters(command=target["program"], args=target["args"], env=target["env"])
        transport = stdio_client(program)
    read, write, *_ = await stack.enter_async_context(transport)
    session = await stack.enter_async_context(ClientSession(read, write))
    await session.initialize()
    return Official(session)


speak(connected)
