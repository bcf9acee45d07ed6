/**
 * The request state: the questions and answers of a request that ended with questions, sealed, and carried by the
 * client into its retry. It opens for the same principal and the same request alone, for ten minutes, and only once
 * where the request has effects. It holds answers alone; a handler that is entered again repeats everything else.
 */
import * as z from 'zod';
import type { WireRequest } from '../declare/ask.ts';
import { askedAgain, mistakeIn } from './wrong-answer.ts';
import type { Sealer } from '../base/seal.ts';
import { sealedText } from '../base/sealed-text.ts';
import { TidegateError } from '../base/errors.ts';
import { isDeep, type Json, utf8Bytes } from '../base/json.ts';
import { bindingOf, type Principal } from '../base/principal.ts';
import type { Log, Runtime } from '../base/runtime.ts';

/** The request that asks. */
export interface Asked {
  method: 'tools/call' | 'prompts/get' | 'resources/read';
  /** The name of the tool or prompt, or the URI of the resource. */
  name: string;
  args: unknown;
  /** The request has effects: a state may be used once, and answers without a state do not count. */
  once: boolean;
}

/** What a retry brings beside the request itself, as the client sent it. */
export interface Retry {
  /** By key. */
  responses: Readonly<Record<string, unknown>>;
  state: unknown;
}

/** The client's responses by key, as they came. They are checked when their question is asked again. */
type Known = ReadonlyMap<string, Json>;

/** Answers that were missing or wrong: the request ends with these questions, and its handler is not entered. */
interface AskedAgain {
  again: ReadonlyMap<string, WireRequest>;
  requestState: string;
}

/** The answers of earlier rounds and of this one. */
export interface Heard {
  answers: Known;
  /** Answers that go into the next state, whether or not the handler asks for them in this round. */
  carried: Known;
  /** Number of earlier rounds. */
  rounds: number;
}

export const NOTHING_HEARD: Heard = { answers: new Map(), carried: new Map(), rounds: 0 };

type From = { principal: Principal; deadline: number };

/** @param Caller may have more than is needed here; `takeOnce` gets it whole */
export interface RequestStates<Caller extends From = From> {
  /**
   * Answers what is known from earlier rounds and from this one. Where the request has effects the state is used up by that,
   * with one store call; a state whose answers are wrong or missing is not, and the questions come again.
   * @throws TidegateError `bad_request_state`; `bad_answer` for an answer that is none in its form; errors of the store
   */
  open(retry: Retry, asked: Asked, caller: Caller): Promise<Heard | AskedAgain>;
  /**
   * @param known the answers that the next round needs
   * @param open the questions that are sent, by key
   * @throws TidegateError `invalid_config` without a secret, `too_large`, `bad_request_state` after `MOST_ROUNDS`
   */
  seal(
    known: Known,
    open: ReadonlyMap<string, WireRequest>,
    rounds: number,
    asked: Asked,
    caller: Caller,
  ): Promise<string>;
}

interface RequestStateDeps<Caller extends From = From> {
  runtime: Pick<Runtime, 'now' | 'newId'> & { log: Log };
  sealer: Sealer;
  /**
   * Answers whether this call is the first to take the id. The id may be forgotten after `expiresAt`, epoch ms. One
   * store call.
   */
  takeOnce(caller: Caller, id: string, expiresAt: number): Promise<boolean>;
}

const sealedState = sealedText('request state', () =>
  z.object({
    id: z.string(),
    /** Keys of the questions that were sent. */
    open: z.array(z.string()),
    /** Answers of this round and earlier ones, by key. */
    known: z.record(z.string(), z.custom<Json>()),
    round: z.int(),
    /** The questions by key, where the request has effects: their answers are checked before the state is used. */
    requests: z.record(z.string(), z.custom<WireRequest>()).optional(),
    /** When the last state under this id ends, epoch ms. Absent in states of earlier releases: when this one ends. */
    until: z.number().optional(),
  }),
);

interface State {
  id: string;
  open: string[];
  known: Record<string, Json>;
  round: number;
  requests?: Record<string, WireRequest> | undefined;
  until?: number | undefined;
}

/** Most rounds of one request. A round without an answer counts too, so that no answer can be kept for ever. */
export const MOST_ROUNDS = 64;
export const STATE_MS = 600_000;
/** Questions that come again have states of one id, of which one can be used. So long after the first they end. */
const SAME_ID_MS = 3_600_000;
/** Questions above this, as JSON, do not travel in the state. Their answers are checked when they are asked again. */
const REQUESTS_BYTES = 65_536;
/** Most bytes of what is sealed, as JSON. */
const STATE_BYTES = 262_144;
/** Longest state as a text. */
const STATE_CHARACTERS = 2 * STATE_BYTES;

export function createRequestStates<Caller extends From>(deps: RequestStateDeps<Caller>): RequestStates<Caller> {
  const { runtime, sealer } = deps;

  function refuse(reason: keyof typeof MESSAGES, asked: Asked): never {
    runtime.log('debug', `request state refused: ${reason}`, { method: asked.method, name: asked.name });
    throw new TidegateError('bad_request_state', MESSAGES[reason], {
      field: 'params.requestState',
      expected: 'the requestState that the same request was answered with, unchanged, within ten minutes',
      hint: 'send the request again without requestState and inputResponses',
    });
  }

  /** @param state its round is that of the questions before */
  async function sealed(state: State, asked: Asked, caller: From): Promise<string> {
    if (state.round >= MOST_ROUNDS) refuse('endless', asked);
    const next = { ...state, round: state.round + 1 };
    if (utf8Bytes(JSON.stringify(next)) > STATE_BYTES) {
      const expected = `at most ${STATE_BYTES} bytes of answers`;
      throw new TidegateError('too_large', 'The answers are too large to go on with', { expected });
    }
    const bound = boundTo(asked, caller.principal);
    const expiresAt = Math.min(runtime.now() + STATE_MS, state.until ?? Number.POSITIVE_INFINITY);
    return sealedState.seal(sealer, next, { bound, expiresAt });
  }

  return {
    async open({ responses, state }, asked, caller) {
      // Without a state it is not known what was asked. Where the request has no effects the answers are taken all the same.
      if (state === undefined || state === null) {
        if (asked.once) return NOTHING_HEARD;
        return { ...NOTHING_HEARD, answers: new Map(Object.entries(responses as Record<string, Json>)) };
      }
      if (typeof state !== 'string' || state.length > STATE_CHARACTERS) refuse('foreign', asked);
      const opened = await sealedState.open(sealer, state, boundTo(asked, caller.principal), runtime.now());
      if (!opened.ok) refuse(opened.reason, asked);
      const { id, open, known, round, requests } = opened.value;
      const until = opened.value.until ?? opened.expiresAt ?? 0;
      const all = new Map(Object.entries(known));
      const again = new Map<string, WireRequest>();
      for (const key of open) {
        const request = requests?.[key];
        const response = Object.hasOwn(responses, key) ? shallow(responses[key] as Json, key) : undefined;
        const wrong = request && response !== undefined ? mistakeIn(request, response, key) : null;
        if (response !== undefined && wrong === null) all.set(key, response);
        else if (request) again.set(key, wrong === null ? request : askedAgain(request, wrong));
      }
      const isWrong = [...again].some(([key]) => Object.hasOwn(responses, key));
      if (again.size > 0 && (isWrong || again.size === open.length)) {
        const left = Object.fromEntries([...again.keys()].map((key) => [key, requests?.[key] as WireRequest]));
        const state = { id, open: [...again.keys()], known: Object.fromEntries(all), round, requests: left, until };
        return { again, requestState: await sealed(state, asked, caller) };
      }
      if (asked.once && all.size > 0 && !(await deps.takeOnce(caller, id, until))) refuse('used', asked);
      return { answers: all, carried: all, rounds: round };
    },

    seal(known, open, rounds, asked, caller) {
      const requests = asked.once ? Object.fromEntries(open) : undefined;
      const fits = requests && utf8Bytes(JSON.stringify(requests)) <= REQUESTS_BYTES;
      const until = runtime.now() + SAME_ID_MS;
      const state = {
        id: runtime.newId(),
        open: [...open.keys()],
        known: Object.fromEntries(known),
        round: rounds,
        until,
      };
      return sealed({ ...state, ...(fits ? { requests } : {}) }, asked, caller);
    },
  };
}

const MESSAGES = {
  foreign: 'The requestState is not of this request',
  expired: 'The requestState has expired',
  used: 'The requestState was used before',
  endless: 'The request went through too many rounds',
} as const;

function shallow(response: Json, key: string): Json {
  if (!isDeep(response)) return response;
  const details = { field: `params.inputResponses.${key}`, expected: 'an answer that is not nested so deep' };
  throw new TidegateError('bad_answer', `The answer to ${key} is nested too deep`, details);
}

/** The request and the principal that a state opens for, as a text. The order of an object's fields does not matter. */
function boundTo({ method, name, args }: Asked, principal: Principal): string {
  if (args !== undefined && isDeep(args as Json)) {
    const expected = 'arguments that are not nested so deep';
    throw new TidegateError('invalid_input', 'The arguments are nested too deep', { field: 'arguments', expected });
  }
  return JSON.stringify([...bindingOf(principal), method, name, args ?? null], (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
