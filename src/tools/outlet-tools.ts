/**
 * The tools by which agents publish. What they are, each kind of feed says (`tools` of its outlet). Here they get their names
 * and become tools like any other. Nothing here knows a kind.
 */
import type { Outlet, OutletTool } from '../declare/outlet.ts';
import { type Tool, tool } from '../declare/tool.ts';
import { outlets } from '../calls/feeds.ts';
import type { AppDeps } from '../calls/context.ts';

const PUBLISHES = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: false,
  openWorldHint: true,
} as const;

/** By name. Where two kinds have a tool of one name, that of the second gets the type of its feeds behind it. */
export function publishTools({ app }: AppDeps): Record<string, Tool> {
  const kinds = new Map<NonNullable<Outlet['tools']>, Map<string, Outlet>>();
  for (const [name, outlet] of outlets(app)) {
    if (outlet.tools) kinds.set(outlet.tools, (kinds.get(outlet.tools) ?? new Map()).set(name, outlet));
  }
  const tools: Record<string, Tool> = {};
  for (const [make, ofKind] of kinds) {
    const [feed = ''] = ofKind.keys();
    for (const [name, each] of Object.entries(make(ofKind))) {
      const free = name in tools ? `${name}_${app.feeds.get(feed)?.feed.type}` : name;
      tools[free] = served(each);
    }
  }
  return tools;
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
