/** The tools by which agents publish, as each kind of feed makes them (`tools` of its outlet), by name. Pure. */
import type { App } from '../declare/app.ts';
import type { Outlet, OutletTool } from '../declare/outlet.ts';
import { outlets } from './feeds.ts';

export interface PublishTool {
  made: OutletTool;
  /** The feeds that it reaches. */
  feeds: readonly string[];
}

/** By name. Where two kinds have a tool of one name, that of the second gets the type of its feeds behind it. */
export function publishToolsOf(app: App): ReadonlyMap<string, PublishTool> {
  const kinds = new Map<NonNullable<Outlet['tools']>, Map<string, Outlet>>();
  for (const [name, outlet] of outlets(app)) {
    if (outlet.tools) kinds.set(outlet.tools, (kinds.get(outlet.tools) ?? new Map()).set(name, outlet));
  }
  const tools = new Map<string, PublishTool>();
  for (const [make, ofKind] of kinds) {
    const [feed = ''] = ofKind.keys();
    for (const [name, made] of Object.entries(make(ofKind))) {
      const free = tools.has(name) ? `${name}_${app.feeds.get(feed)?.feed.type}` : name;
      tools.set(free, { made, feeds: made.feeds ?? [...ofKind.keys()] });
    }
  }
  return tools;
}
