from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from speak import plain, speak


class FastMcp:
    def __init__(self, client):
        self.client = client

    async def list(self):
        tools = await self.client.list_tools()
        return [{"name": tool.name, "schema": plain(tool)["inputSchema"]} for tool in tools]

    async def call(self, name, args):
        result = await self.client.call_tool(name, args, raise_on_error=False)
        content = [plain(part) for part in result.content]
        return {"content": content, "structuredContent": result.structured_content, "isError": result.is_error}


async def connected(target, stack):
    if "url" in target:
        server = target["url"]
    else:
        server = StdioTransport(command=target["program"], args=target["args"], env=target["env"])
    return FastMcp(await stack.enter_async_context(Client(server)))


speak(connected)
