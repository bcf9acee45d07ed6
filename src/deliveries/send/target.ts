/**
 * Whether something may be delivered to a target at all, told when somebody subscribes. Whether its address may be reached is asked
 * again with each delivery (`post.ts`).
 */
import { TidegateError, invalidInput } from '../../base/errors.ts';
import { knownName } from '../../base/known-names.ts';
import type { Principal } from '../../base/principal.ts';
import { isGranted, publishScope } from '../../base/scopes.ts';
import type { EventSource } from '../../streams/sources/sources.ts';
import { checkTarget, isNamed } from '../../net/fetch-target.ts';
import type { DeliveryDeps } from '../records/deps.ts';
import { secretBytes } from '../records/standard-webhooks.ts';
import type { DeliveryTarget, ShownTarget } from '../records/subscription.ts';

const URL_CHARACTERS = 2_048;
const NAME_CHARACTERS = 256;
/** The empty text is the port of https. With any other one could look from here which ports of a host are open. */
const PORTS = ['', '8443'];
/** Where chats take their messages. They cannot confirm, and a url of theirs is a secret that only they make. */
const CHATS = {
  slack: { hosts: ['hooks.slack.com'], path: '/' },
  discord: { hosts: ['discord.com', 'discordapp.com'], path: '/api/webhooks/' },
} as const;

/** @throws TidegateError `invalid_input`, `address_refused`, `not_found`, `not_supported` */
export function checkDeliveryTarget(
  deps: DeliveryDeps,
  principal: Principal,
  target: DeliveryTarget,
  source: EventSource,
): ShownTarget {
  if (target.kind === 'webhook') return checkWebhook(deps, target);
  if (target.kind === 'mqtt') return checkFeed(deps, principal, target);
  const { task } = target;
  if (!deps.checkTask) throw unsupported('target.kind', 'a webhook: no task can be begun here');
  deps.checkTask(principal, task, source);
  return { kind: 'task', task };
}

function checkWebhook(
  { app }: DeliveryDeps,
  { url, secret, shape }: DeliveryTarget & { kind: 'webhook' },
): ShownTarget {
  if (url.length > URL_CHARACTERS) throw invalidInput('target.url', `at most ${URL_CHARACTERS} characters`);
  const { allow, trusted } = app.webhooks;
  const parsed = publicTarget(url, allow);
  if (parsed.hash !== '') throw invalidInput('target.url', 'a URL without a fragment, which is never sent');
  if (!PORTS.includes(parsed.port) && !isNamed(parsed, allow) && !isTrusted(url, trusted)) {
    throw invalidInput('target.url', 'port 443 or 8443, or one that the app allows (webhooks.allow)');
  }
  if (shape === 'event') {
    if (secret === null || secretBytes(secret) === null) {
      throw invalidInput('target.secret', 'whsec_ and the base64 of 24 to 64 random bytes');
    }
  } else if (!isChat(shape, parsed) && !isTrusted(url, trusted)) {
    const { hosts, path } = CHATS[shape];
    throw invalidInput('target.url', `https://${hosts[0]}${path}…, or the shape event`);
  }
  return { kind: 'webhook', url, shape };
}

/** Who subscribes changes no declaration of the app. */
function publicTarget(url: string, allow: readonly string[]): URL {
  try {
    return checkTarget(url, allow);
  } catch (thrown) {
    if (!(thrown instanceof TidegateError) || thrown.code !== 'address_refused') throw thrown;
    throw new TidegateError('address_refused', thrown.message, {
      field: thrown.field ?? 'url',
      expected: 'an https URL of a public host, or one that the app allows (webhooks.allow)',
    });
  }
}

/** Whether the app trusts the receiver without being told by it. */
export function isTrusted(url: string, trusted: readonly string[]): boolean {
  const { origin, pathname } = new URL(url);
  return trusted.some((text) => {
    const beginning = new URL(text);
    return origin === beginning.origin && isBelow(pathname, beginning.pathname);
  });
}

/** Whether a path is this one or one below it, by whole segments. */
export function isBelow(path: string, beginning: string): boolean {
  return path === beginning || path.startsWith(beginning.endsWith('/') ? beginning : `${beginning}/`);
}

function isChat(shape: keyof typeof CHATS, url: URL): boolean {
  const { hosts, path } = CHATS[shape];
  return url.protocol === 'https:' && (hosts as readonly string[]).includes(url.host) && url.pathname.startsWith(path);
}

function checkFeed(
  { app }: DeliveryDeps,
  principal: Principal,
  { feed, topic }: DeliveryTarget & { kind: 'mqtt' },
): ShownTarget {
  const outlet = isGranted(principal.scopes, publishScope(feed)) ? app.feeds.get(feed)?.outlet : null;
  if (!outlet) {
    const known = [...app.feeds].flatMap(([name, { outlet: found }]) =>
      found && isGranted(principal.scopes, publishScope(name)) ? [name] : [],
    );
    throw new TidegateError('not_found', `There is no feed ${feed.slice(0, 80)} to publish to`, {
      field: 'target.feed',
      expected: knownName(feed, known, 'feeds that declare topics'),
    });
  }
  if (topic.length > NAME_CHARACTERS) throw invalidInput('target.topic', `at most ${NAME_CHARACTERS} characters`);
  const { rule } = outlet.check({ topic, payload: {} });
  if (rule.confirm !== null) throw unsupported('target.topic', 'a topic to which nobody has to agree');
  return { kind: 'mqtt', feed, topic };
}

function unsupported(field: string, expected: string): TidegateError {
  return new TidegateError('not_supported', `${field}: expected ${expected}`, { field, expected });
}
