/**
 * Which scopes a message needs, before it is served. What has no right form, or asks for what is not there, needs nothing
 * and is answered as wrong or unknown. Lists need nothing, because they show what the caller may use. Pure.
 */
import type { CompletionReference } from '../registry/prompts.ts';
import type { Registry } from '../registry/registry.ts';
import { MOST_BATCHED } from '../wire/message.ts';
import { answeredKey } from '../wire/core-question.ts';
import { isObject, type Params } from '../wire/params.ts';

const NOTHING: readonly string[] = [];

/** @param body a message or a batch, whose messages need what they need together */
export function needsOf(registry: Registry, body: unknown): readonly string[] {
  if (!Array.isArray(body)) return needsOfOne(registry, body);
  // A larger batch is refused as a whole.
  if (body.length > MOST_BATCHED) return NOTHING;
  return [...new Set(body.flatMap((message) => needsOfOne(registry, message)))];
}

function needsOfOne(registry: Registry, message: unknown): readonly string[] {
  if (!isObject(message)) return NOTHING;
  const { method, params: given } = message;
  const params = isObject(given) ? given : {};
  switch (method) {
    case 'tools/call':
      return withText(params['name'], (name) => registry.tools.scopesOf(name, params['arguments']));
    case 'prompts/get':
      return withText(params['name'], (name) => registry.prompts.scopesOf(name));
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return withText(params['uri'], (uri) => registry.scopesOfRead(uri));
    case 'completion/complete':
      return needsOfCompletion(registry, params);
    case 'subscriptions/listen':
      return needsOfListen(registry, params['notifications']);
    case undefined:
      return answeredKey(message['id']) === null ? NOTHING : (registry.extensions.coreAnswer?.scopes ?? NOTHING);
    default:
      return withText(method, (name) => scopesOfMethod(registry, name, params));
  }
}

function scopesOfMethod({ extensions }: Registry, name: string, params: Params): readonly string[] {
  const found = extensions.methods.get(name) ?? extensions.streams.get(name);
  return found?.scopesOf(params) ?? extensions.coreMethods.get(name)?.scopes ?? NOTHING;
}

function withText(value: unknown, needs: (text: string) => readonly string[]): readonly string[] {
  return typeof value === 'string' ? needs(value) : NOTHING;
}

function needsOfCompletion(registry: Registry, { ref, context }: Params): readonly string[] {
  const reference = referenceIn(ref);
  return reference === null ? NOTHING : registry.scopesOfCompletion(reference, chosenIn(context));
}

function referenceIn(ref: unknown): CompletionReference | null {
  const { type, name, uri } = isObject(ref) ? ref : {};
  if (type === 'ref/prompt' && typeof name === 'string') return { type, name };
  return type === 'ref/resource' && typeof uri === 'string' ? { type, uri } : null;
}

/** The other arguments of a completion, where the client sends them. Values that are not texts are left out. */
export function chosenIn(context: unknown): Record<string, string> {
  const given = isObject(context) ? context['arguments'] : null;
  if (!isObject(given)) return {};
  const texts = Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts);
}

function needsOfListen(registry: Registry, notifications: unknown): readonly string[] {
  if (!isObject(notifications)) return NOTHING;
  const { resourceSubscriptions: uris } = notifications;
  const ofUris = Array.isArray(uris) ? uris.flatMap((uri) => withText(uri, (text) => registry.scopesOfRead(text))) : [];
  const asked = Object.keys(notifications).flatMap((name) => registry.extensions.scopesOfNotification(name));
  return [...new Set([...ofUris, ...asked])];
}
