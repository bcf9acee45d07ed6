/** The tools by which agents publish, as each kind of feed makes them (`tools` of its outlet), by name. Pure. */
import type { App } from '../declare/app.ts';
import type { Outlet, OutletTool } from '../declare/outlet.ts';
import { outlets } from './publishing/outlets.ts';

interface PublishTool {
  made: OutletTool;
  /** The feeds that it reaches. */
  feeds: readonly string[];
}

/**
 * By name. Where two kinds have a tool of one name, that of the second gets the type of its feeds behind it.
 * @param mayPublish which feeds the tools reach; names are the same whichever they are. Default: all
 */
export function publishToolsOf(
  app: App,
  mayPublish: (feed: string) => boolean = () => true,
): ReadonlyMap<string, PublishTool> {
  const kinds = new Map<NonNullable<Outlet['tools']>, Map<string, Outlet>>();
  for (const [name, outlet] of outlets(app)) {
    if (outlet.tools) kinds.set(outlet.tools, (kinds.get(outlet.tools) ?? new Map()).set(name, outlet));
  }
  const taken = new Set<string>();
  const tools = new Map<string, PublishTool>();
  for (const [make, ofKind] of kinds) {
    const [feed = ''] = ofKind.keys();
    const reached = new Map([...ofKind].filter(([name]) => mayPublish(name)));
    const made = reached.size === 0 ? {} : make(reached);
    for (const name of Object.keys(make(ofKind))) {
      const free = taken.has(name) ? `${name}_${app.feeds.get(feed)?.feed.type}` : name;
      taken.add(free);
      const tool = made[name];
      if (tool) tools.set(free, { made: tool, feeds: tool.feeds ?? [...reached.keys()] });
    }
  }
  return tools;
}
