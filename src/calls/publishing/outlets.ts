/** What an app's handlers can publish to. */
import type { App } from '../../declare/app.ts';
import type { Outlet } from '../../declare/outlet.ts';

/** The feeds that can be published to. */
export function outlets(app: App): Map<string, Outlet> {
  return new Map([...app.feeds].flatMap(([name, { outlet }]) => (outlet === null ? [] : [[name, outlet] as const])));
}

/** Patterns whose messages a person has to confirm, as `feed: pattern`. */
export function confirmedTopics(app: App): string[] {
  return [...outlets(app)].flatMap(([feed, { rules }]) =>
    rules.filter(({ confirm }) => confirm !== null).map(({ pattern }) => `${feed}: ${pattern}`),
  );
}
