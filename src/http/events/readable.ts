/** Finds what a request for events is about, as far as its caller may read it. */
import { scopeToRead } from '../../auth/audit/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Principal } from '../../base/principal.ts';
import { isGranted, isScope, isUnrestricted, readScope } from '../../base/scopes.ts';
import { grantedTo } from '../../calls/granted.ts';
import type { App } from '../../declare/app.ts';
import type { StreamTenants } from '../../declare/feed.ts';
import type { Deps } from '../../streams/deps.ts';
import { type EventSource, eventSources, findSource } from '../../streams/sources/sources.ts';
import { alarmSource } from '../../triggers/alarms/source.ts';
import type { Challenges } from '../challenge.ts';

/** Whose events are asked for. */
export type AskedSource = { of: 'stream' | 'trigger'; name: string } | { of: 'alarms'; tenants: StreamTenants | null };

/** A source, and of alarms the triggers whose alarms are told. */
export interface ReadableSource extends EventSource {
  alarmsOf: readonly string[];
}

/** Answers the source, where the caller may read it; else the response that says why not. It throws `not_found` where there is none. */
export type Readable = (
  request: Request,
  principal: Principal,
  asked: AskedSource,
) => Promise<ReadableSource | Response>;

export function createReadable({ app, audit }: Pick<Deps, 'app' | 'audit'>, challenges: Challenges): Readable {
  return async (request, principal, asked) => {
    const { scopes } = principal;
    const isWhole = isUnrestricted(scopes);
    if (asked.of === 'alarms') {
      const part = isWhole ? app : grantedTo(app, scopes).app;
      return alarmsOf(app, part, asked.tenants, principal.tenant);
    }
    const { of, name } = asked;
    if (isWhole) return sourceOf(app, of, name);
    const declared = app.streams.get(name);
    const needed = declared ? scopeToRead(declared) : readScope(name);
    if (of === 'stream' && isScope(needed) && !isGranted(scopes, needed)) {
      await audit?.refused(principal, { target: needed, code: 'insufficient_scope' });
      return challenges.insufficientScope(request, [needed]);
    }
    return sourceOf(grantedTo(app, scopes).app, of, name);
  };
}

/** @throws TidegateError `not_found`, which names those of the kind that there are */
function sourceOf(app: Pick<App, 'streams' | 'triggers'>, of: 'stream' | 'trigger', name: string): ReadableSource {
  const sources = [...eventSources(app).values()].filter(({ trigger }) => (trigger === null) === (of === 'stream'));
  const byName = sources.map((source) => [source.trigger?.name ?? source.stream.name, source] as const);
  return { ...findSource(new Map(byName), name), alarmsOf: [] };
}

/**
 * What happens to the alarms that the caller may see: those of the caller's own tenant where the app has such, else those that all
 * tenants share.
 * @throws TidegateError `not_found` where there are none
 */
function alarmsOf(
  app: Pick<App, 'triggers'>,
  part: Pick<App, 'triggers'>,
  asked: StreamTenants | null,
  tenant: string,
): ReadableSource {
  const all = [...app.triggers.values()].filter(({ alarm }) => alarm !== null);
  const tenants = asked ?? (all.some((trigger) => trigger.tenants === 'each') ? 'each' : 'shared');
  const seen = [...part.triggers.values()].filter((trigger) => trigger.alarm !== null && trigger.tenants === tenants);
  if (seen.length > 0) return { ...alarmSource(seen, tenants, tenant), alarmsOf: seen.map(({ name }) => name) };
  throw new TidegateError('not_found', 'there are no alarms here', {
    hint: 'a trigger has alarms where it declares alarm; who reads them needs the scope alarms:read',
  });
}
