from mcp import Client, StdioServerParameters

from speak import Official, speak


async def connected(target, stack):
    if "url" in target:
        server = target["url"]
    else:
        server = StdioServerParameters(command=target["program"], args=target["args"], env=target["env"])
    return Official(await stack.enter_async_context(Client(server)))


speak(connected)
