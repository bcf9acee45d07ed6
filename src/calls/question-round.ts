/** One round of questions: the answers that a handler finds, and the questions that its request ends with. */
import { answerIn, METHOD_OF, readAnswer, wireRequest } from '../declare/check/ask-wire.ts';
import { type Answer, ASK_KEY, type ContentOf, type InputRequest, type WireRequest } from '../declare/ask.ts';
import type { SampleRequest } from '../declare/client-asks.ts';
import type { Asks } from '../declare/context.ts';
import { TidegateError, invalidConfig } from '../base/errors.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { isAskable, missingFor } from './ask-capabilities.ts';
import type { HandlerDeps } from './deps.ts';
import { askedAgain, mistakeOf } from './wrong-answer.ts';
import type { Caller } from './caller.ts';
import type { Asked, Heard } from './request-state.ts';

/** The answer to a request that ends with questions. */
export interface InputRequired {
  resultType: 'input_required';
  inputRequests: Record<string, WireRequest>;
  requestState: string;
}

export function isInputRequired(result: unknown): result is InputRequired {
  return (result as Partial<InputRequired> | null)?.resultType === 'input_required';
}

export interface Asking extends Asks {
  /** The handler, which is left when the request ends with questions while it still waits for them. */
  left: { leave(): void } | null;
}

/** The questions that wait for answers, the answers that were read, and the names of both. */
interface Questions {
  open: Map<string, WireRequest>;
  carried: Map<string, Json>;
  keyOf: (key: string) => string;
}

/** Most questions that a handler may ask in one request. */
const MOST_ASKS = 32;

/** How a round ends before its handler does. */
interface RoundEnds {
  /** The request ends with these questions. */
  leave: (required: InputRequired) => void;
  /** A question cannot be asked. */
  refuse: (reason: unknown) => void;
}

/**
 * A round: what a handler asks in one request. After `end` nothing is asked any more. Its functions are made when a handler first
 * reads them, because most ask nothing.
 */
export class QuestionRound implements Asking {
  readonly #deps: Pick<HandlerDeps, 'runtime' | 'requestStates'>;
  readonly #caller: Caller;
  readonly #asked: Asked;
  readonly #heard: Heard;
  readonly #ends: RoundEnds;
  /** Null: nothing was asked. */
  #questions: Questions | null = null;
  #isOver = false;
  left: Asking['left'] = null;

  constructor(
    deps: Pick<HandlerDeps, 'runtime' | 'requestStates'>,
    caller: Caller,
    asked: Asked,
    heard: Heard,
    ends: RoundEnds,
  ) {
    this.#deps = deps;
    this.#caller = caller;
    this.#asked = asked;
    this.#heard = heard;
    this.#ends = ends;
  }

  get ask(): Asks['ask'] {
    return (key, request) => this.#put(key, request);
  }

  get sample(): Asks['sample'] {
    return async (key, params) => accepted(await this.#put<SampleRequest>(key, { kind: 'sample', params }));
  }

  get roots(): Asks['roots'] {
    return async (key) => accepted(await this.#put(key, { kind: 'roots' })).roots;
  }

  get canAsk(): Asks['canAsk'] {
    const { clientCapabilities } = this.#caller;
    return (kind) => clientCapabilities !== null && isAskable(kind, clientCapabilities);
  }

  end(): void {
    this.#isOver = true;
  }

  #answered<Request extends InputRequest>(given: string, request: Request): Answer<ContentOf<Request>> | null {
    const { carried, keyOf } = this.#made();
    const key = keyOf(given);
    const response = this.#heard.answers.get(key);
    if (response === undefined) return this.#later(key, wireRequest(request, `ask.${key}`));
    const path = `inputResponses.${key}`;
    const method = METHOD_OF[request.kind];
    try {
      const answer = readAnswer(request, answerIn(method, response, path), path);
      carried.set(key, response);
      return answer;
    } catch (thrown) {
      const mistake = mistakeOf({ method }, thrown, path);
      carried.delete(key);
      return this.#later(key, askedAgain(wireRequest(request, `ask.${key}`), mistake));
    }
  }

  #made(): Questions {
    return (this.#questions ??= { open: new Map(), carried: new Map(this.#heard.carried), keyOf: createKeys() });
  }

  #later(key: string, request: WireRequest): null {
    this.#made().open.set(key, request);
    return null;
  }

  async #put<Request extends InputRequest>(given: string, request: Request): Promise<Answer<ContentOf<Request>>> {
    if (this.#isOver) return unsettled();
    try {
      const answer = this.#answered(given, request);
      if (answer !== null) return answer;
      if (this.#made().open.size === 1) this.#endAfterThis().catch((thrown: unknown) => this.#stop(thrown));
    } catch (thrown) {
      this.#stop(thrown);
    }
    return unsettled();
  }

  #stop(reason: unknown): void {
    this.#isOver = true;
    this.#ends.refuse(reason);
    this.left?.leave();
  }

  async #endAfterThis(): Promise<void> {
    // Until then the handler asks all that it asks without waiting for anything outside.
    await this.#deps.runtime.sleep(0);
    if (this.#isOver) return;
    this.#isOver = true;
    const { open, carried } = this.#made();
    checkAskable(open, this.#caller);
    const { rounds } = this.#heard;
    const requestState = await this.#deps.requestStates.seal(carried, open, rounds, this.#asked, this.#caller);
    this.#ends.leave(inputRequired(open, requestState));
    this.left?.leave();
  }
}

/**
 * Answers a key for each question. The second question under a key counts as another one, provided that the
 * handler asks both in the same order each time.
 */
function createKeys(): (key: string) => string {
  const counts = new Map<string, number>();
  return (key) => {
    const path = `ask.${key}`;
    if (!ASK_KEY.test(key)) throw defect(path, 'a key: a letter, then up to 63 letters, digits, _ . and -');
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    const total = [...counts.values()].reduce((sum, each) => sum + each, 0);
    if (total > MOST_ASKS) throw defect(path, `at most ${MOST_ASKS} questions in one request`);
    return count === 1 ? key : `${key}:${count}`;
  };
}

/** A new promise each time. A shared one would hold every handler that waits for it in memory for ever. */
function unsettled(): Promise<never> {
  return new Promise(() => {});
}

/** A question to the client itself has no way to be declined. */
function accepted<Content>(answer: Answer<Content>): Content {
  if (answer.action === 'accept') return answer.content;
  throw new TidegateError('internal', `a client that declined what it cannot decline`);
}

/** @throws TidegateError `missing_capability`; `invalid_input` where the protocol version has no way to ask */
export function checkAskable(requests: ReadonlyMap<string, WireRequest>, { clientCapabilities }: Caller): void {
  if (clientCapabilities === null) throw cannotAsk(requests.values());
  const requiredCapabilities = missingFor(requests.values(), clientCapabilities);
  if (requiredCapabilities !== null) throw lacks(requiredCapabilities);
}

export function inputRequired(requests: ReadonlyMap<string, WireRequest>, requestState: string): InputRequired {
  return { resultType: 'input_required', inputRequests: Object.fromEntries(requests), requestState };
}

function lacks(requiredCapabilities: JsonObject): TidegateError {
  const names = Object.keys(requiredCapabilities).join(', ');
  return new TidegateError('missing_capability', `The client has to be asked, and did not declare: ${names}`, {
    requiredCapabilities,
  });
}

/** For clients of earlier protocol versions: names what has to be found out in another way. */
function cannotAsk(requests: Iterable<WireRequest>): TidegateError {
  const questions = [...requests].map(({ method, params }) =>
    typeof params.message === 'string' ? params.message : METHOD_WORDS[method],
  );
  return new TidegateError('invalid_input', `This needs an answer first: ${questions.join(' | ')}`, {
    hint: 'it can be asked for by clients of protocol version 2026-07-28, and by earlier ones that have a session, take events and declare it',
  });
}

const METHOD_WORDS: Readonly<Record<WireRequest['method'], string>> = {
  'elicitation/create': 'a question to the user',
  'sampling/createMessage': "an answer of the client's model",
  'roots/list': "the client's roots",
};

export function defect(field: string, expected: string): TidegateError {
  return invalidConfig(field, expected);
}
