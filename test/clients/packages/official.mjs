/** The official SDK's client, of either line: it has no model, and hands over the whole result. */
import { speak } from './speak.mjs';

/** @param connected makes a client that is connected to a target */
export function speakOfficial(connected) {
  let client = null;
  speak({
    async connect(target) {
      client = await connected(target);
    },
    async list() {
      const { tools } = await client.listTools();
      return tools.map(({ name, inputSchema }) => ({ name, schema: inputSchema }));
    },
    async call(name, args) {
      const { content, structuredContent, isError } = await client.callTool({ name, arguments: args });
      return { content, structuredContent, isError };
    },
    close: () => client?.close(),
  });
}
