/**
 * The session of a client of 2025-11-25 or before, as a sealed text that the client carries. `initialize` costs no call to
 * the store by that, and every instance knows the session. A text of a session that goes on is sealed anew once a day; one
 * that the client goes on with all the same is served for 30 days, because many clients do not start anew after a 404.
 */
import * as z from 'zod';
import { digestOf } from '../../base/digest.ts';
import type { Principal } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Sealer } from '../../base/seal.ts';
import { sealedText } from '../../base/sealed-text.ts';
import { isObject, type Params } from '../wire/params.ts';

/** How long a text serves, ms. The secret that sealed it has to be kept as long. */
export const SERVES_MS = 30 * 86_400_000;
/** After this a client is given a new text, ms. */
const FRESH_MS = 86_400_000;
/** Longest text that is opened. */
const MOST_CHARACTERS = 1_024;
/** Longest name of a client that is kept, and longest version of one, in characters. */
const NAME_CHARACTERS = 48;

/** What a client can be asked, by its capability, with the members of each that say how. */
const ASKABLE = { elicitation: ['form', 'url'], sampling: ['context', 'tools'], roots: [] } as const;

/** What is known of a session without the store. */
export interface SessionFacts {
  id: string;
  /** The protocol version that was agreed on. */
  version: string;
  /** How the client names itself. */
  client: { name: string; version: string };
  /** What it can be asked: for each capability the ways that it declared. */
  askable: Record<string, string[]>;
}

/**
 * Who goes on with a session beside the client that began it: whoever of its subject may do the same, such as a key that takes the
 * place of another. What is kept of answers was for those scopes.
 */
interface Holder {
  client: string;
  scopes: string;
}

const sealedSession = sealedText<SessionFacts & { holder: Holder }>('session', () =>
  z.object({
    holder: z.object({ client: z.string(), scopes: z.string() }),
    id: z.string(),
    version: z.string(),
    client: z.object({ name: z.string(), version: z.string() }),
    askable: z.record(z.string(), z.array(z.string())),
  }),
);

export interface SessionTokens {
  /** The text of a session that begins. @param params those of `initialize` @param version the one that was agreed on */
  begin(params: Params, version: string, principal: Principal): Promise<string>;
  /** Null: forged, of another subject or of a client of it that may do other things, or older than it serves. `isOld`: the client should be given a new text. */
  open(text: string, principal: Principal): Promise<(SessionFacts & { isOld: boolean }) | null>;
  /** A new text of the same session. */
  renew(facts: SessionFacts, principal: Principal): Promise<string>;
}

export function createSessionTokens({ now, newId }: Pick<Runtime, 'now' | 'newId'>, sealer: Sealer): SessionTokens {
  const seal = (facts: SessionFacts, principal: Principal) =>
    sealedSession.seal(
      sealer,
      { ...facts, holder: holderOf(principal) },
      { bound: boundTo(principal), expiresAt: now() + SERVES_MS },
    );
  return {
    begin: ({ clientInfo, capabilities }, version, principal) =>
      seal({ id: newId(), version, client: namedBy(clientInfo), askable: askableOf(capabilities) }, principal),
    async open(text, principal) {
      if (text.length > MOST_CHARACTERS) return null;
      const opened = await sealedSession.open(sealer, text, boundTo(principal), now());
      if (!opened.ok) return null;
      const { holder, ...facts } = opened.value;
      const { client, scopes } = holderOf(principal);
      if (holder.client !== client && holder.scopes !== scopes) return null;
      const isOld = (opened.expiresAt ?? 0) - now() < SERVES_MS - FRESH_MS;
      return { ...facts, isOld };
    },
    renew: ({ id, version, client, askable }, principal) => seal({ id, version, client, askable }, principal),
  };
}

function boundTo({ tenant, subject }: Principal): string {
  return JSON.stringify([tenant, subject]);
}

function holderOf({ client, scopes }: Principal): Holder {
  return { client: digestOf(client ?? ''), scopes: digestOf(JSON.stringify(scopes.toSorted())) };
}

function namedBy(info: unknown): SessionFacts['client'] {
  const { name, version } = isObject(info) ? info : {};
  return { name: short(name), version: short(version) };
}

/** Without halves of characters, which could not be sealed. */
function short(text: unknown): string {
  return typeof text === 'string' ? text.slice(0, NAME_CHARACTERS).toWellFormed() : '';
}

function askableOf(capabilities: unknown): SessionFacts['askable'] {
  const declared = isObject(capabilities) ? capabilities : {};
  return Object.fromEntries(
    Object.entries(ASKABLE).flatMap(([name, ways]) => {
      const how = declared[name];
      return isObject(how) ? [[name, ways.filter((way) => how[way] !== undefined)]] : [];
    }),
  );
}
