/** The tools by which agents publish become tools like any other. Nothing here knows a kind of feed. */
import type { OutletTool } from '../declare/outlet.ts';
import { type Tool, tool } from '../declare/tool.ts';
import type { AppDeps } from '../calls/context.ts';
import { publishToolsOf } from '../calls/publish-tools.ts';

const PUBLISHES = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: false,
  openWorldHint: true,
} as const;

/** By name. @param mayPublish which feeds they reach. Default: all */
export function publishTools({ app }: AppDeps, mayPublish?: (feed: string) => boolean): Record<string, Tool> {
  return Object.fromEntries([...publishToolsOf(app, mayPublish)].map(([name, { made }]) => [name, served(made)]));
}

function served(made: OutletTool): Tool {
  const { title, description, input: schema, output } = made;
  return tool({
    title,
    description,
    input: schema,
    output,
    annotations: PUBLISHES,
    run: async (input, { feeds }) => {
      const { structured, ...answer } = await made.run(input as never, feeds);
      return { ...answer, structured: { ...structured } };
    },
  });
}
