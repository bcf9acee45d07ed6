/**
 * Requests of the server to clients of 2025-11-25 and before that have a session. A handler that asks ends, as for clients of
 * today; its questions go out on the stream of its request, and whichever instance is sent the last answer enters it again.
 * What comes out is kept for that stream, and the instance that has its connection delivers it. Nothing is held meanwhile but
 * the connection. Who declares that it can be asked and shows nothing is answered in words after a while.
 */
import type { Json } from '../../base/json.ts';
import { asTidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { LateResults } from './late-results.ts';
import type { InputRequired } from '../../calls/question-round.ts';
import { commitSurely } from '../../store/commit.ts';
import { createQuotas, type Quota } from '../../store/quotas/quotas.ts';
import { cancelledQuestions, laterWords, questionWords, workedOnWords } from './fallback.ts';
import type { ClientSession, Sessions } from '../sessions/sessions.ts';
import { createGoingOn, type GoesOn } from './going-on.ts';
import type { AskedRequest, WaitingPlace } from './records.ts';
import { CLIENT_ANSWER_MS, createRounds, type FoundRequest, soon } from './rounds.ts';
import type { AskedStream, AskingCall, StreamMessages } from './stream.ts';
import { unansweredQuestion, withoutAnswer } from './unanswered.ts';

/** Left for the answer in words where the platform ends the request, ms. */
const WORDS_MS = 3_500;
/** The same for a client that let the question before go by, ms. */
const SILENT_MS = 5_000;
/** Between two progress messages of a request that waits, ms. */
const PROGRESS_MS = 10_000;
/** How long what is kept may be on its way, ms. */
const ON_ITS_WAY_MS = 5_000;

/** Questions to clients in an hour; each is kept for minutes. */
const ASKED: Quota = {
  name: 'questions',
  of: 'questions to clients',
  unit: 'questions',
  each: 2_000,
  all: 20_000,
  lastsMs: 3_600_000,
  span: 'in an hour',
  isLoose: true,
  hint: 'call what does not ask',
};

/** A request whose handler ended with questions. */
export interface RequestThatAsks {
  request: AskedRequest;
  params: Json;
  required: InputRequired;
  session: string;
  stream: AskedStream;
  /** When the platform ends the request, epoch ms; null: it does not. */
  endsAt: number | null;
  /** What is kept of the session; null: nothing is known of it. */
  client: ClientSession | null;
  /** Whether one more request may wait. */
  mayWait: boolean;
  /** Tells the client that its request waits. */
  progress: (message: string) => void;
}

export interface ClientQuestions {
  /**
   * Asks, and waits.
   * @returns what the request is answered with; null: its answer is on the stream already, or nobody reads it any more
   * @throws TidegateError for prompts and resources that got no answer; as the store
   */
  ask(asked: RequestThatAsks, call: AskingCall): Promise<object | null>;
  /**
   * Records what a client answered. Null: nothing comes of it, as of an id that nobody asked under. Else the request goes on
   * by what is returned, which does not reject.
   */
  take(
    session: string,
    message: unknown,
    client: ClientSession | null,
    call: AskingCall,
  ): Promise<((goesOn: GoesOn) => Promise<void>) | null>;
  /** The client does not want an answer to that request any more. Where it waits it ends, and its questions are taken back. */
  cancel(session: string, requestId: unknown, call: AskingCall): Promise<void>;
  /** The session was ended: no request of it waits any more. Answers the ids of those that did. */
  cancelAll(session: string, call: AskingCall): Promise<(string | number)[]>;
}

interface AskingDeps {
  runtime: Runtime;
  messages: StreamMessages;
  /** Null: an answer that comes too late is lost. */
  late: LateResults | null;
  sessions: Pick<Sessions, 'change'>;
}

export function createClientQuestions({ runtime, messages, late, sessions }: AskingDeps): ClientQuestions {
  const rounds = createRounds(runtime);
  const quotas = createQuotas(runtime);
  const goOn = createGoingOn({ runtime, rounds, messages, late });

  /** A client that shows no questions is not waited for each time. It does not throw: nothing rests on it. */
  async function remember(client: ClientSession | null, isSilent: boolean, call: AskingCall): Promise<void> {
    if (client === null || (client.kept.silent === true) === isSilent) return;
    const silent = isSilent ? ({ silent: true } as const) : {};
    try {
      await sessions.change(client, ({ silent: _before, ...kept }) => ({ ...kept, ...silent }), call);
    } catch (thrown) {
      runtime.log('debug', `whether a client answers is not remembered: ${asTidegateError(thrown).message}`);
    }
  }

  async function tellProgress({ progress, required }: RequestThatAsks, signal: AbortSignal): Promise<void> {
    const message = `Waiting for an answer: ${questionWords(Object.values(required.inputRequests))}`;
    while (!signal.aborted) {
      progress(message);
      await runtime.sleep(PROGRESS_MS, signal);
    }
  }

  /** Follows until the answer came or it is time for another one. */
  async function follow(
    asked: RequestThatAsks,
    place: WaitingPlace,
    until: number,
    call: AskingCall,
  ): Promise<object | null> {
    const last = asked.endsAt === null ? Number.POSITIVE_INFINITY : asked.endsAt - WORDS_MS;
    for (let by = Math.min(until, last); ;) {
      if ((await asked.stream.follow(by)) !== 'time') return null;
      const found = await rounds.find(place, soon(runtime, call));
      // Its end was kept for this stream, or it was cancelled.
      if (found === null) return (await asked.stream.follow(runtime.now() + ON_ITS_WAY_MS), null);
      const { until: next, workedOnUntil } = found.waiting;
      const now = runtime.now();
      const later = Math.min(workedOnUntil ?? next, last);
      if (later > now) {
        by = later;
        continue;
      }
      const answer = await endInWords(asked, found, soon(runtime, call));
      if (answer !== null) {
        if (workedOnUntil === null && asked.mayWait) await remember(asked.client, true, soon(runtime, call));
        return answer;
      }
      by = now;
    }
  }

  /** Null: something happened meanwhile. */
  async function endInWords(
    { request, stream }: RequestThatAsks,
    found: FoundRequest,
    call: AskingCall,
  ): Promise<object | null> {
    const { questions, workedOnUntil } = found.waiting;
    const open = questions.filter(({ given }) => given === undefined).map((question) => question.request);
    const isLate = request.method === 'tools/call' && late !== null;
    if (!isLate) {
      const removed = await commitSurely(runtime, call.account.store, [rounds.remove(found)], call.deadline);
      if (removed.status !== 'committed') return null;
      for (const message of cancelledQuestions(stream.id, found.waiting, 'no answer came in time'))
        stream.notify(message);
      const [first = questions[0]?.request] = open;
      return first === undefined
        ? null
        : withoutAnswer(request.method, unansweredQuestion(first, 'no answer came in time'));
    }
    const words = workedOnUntil === null ? laterWords(open) : workedOnWords();
    const handle = await late.promise(words.pending, call);
    const replaced = await rounds.replace(found, { ...found.waiting, handle }, call);
    return replaced && words.answer(handle, late.readLine(handle));
  }

  async function takeBack(
    session: string,
    call: AskingCall,
    isMeant: (id: string | number) => boolean,
    why: string,
  ): Promise<(string | number)[]> {
    const found = (await rounds.all(session, call)).filter(({ waiting }) => isMeant(waiting.request.id));
    for (const each of found) {
      const questions = cancelledQuestions(each.place.stream, each.waiting, why);
      await messages.keep(session, each.place.stream, questions, call, [rounds.remove(each)]);
    }
    return found.map(({ waiting }) => waiting.request.id);
  }

  return {
    async ask(asked, call) {
      const { session, stream, request, params, required, endsAt } = asked;
      const place = { session, stream: stream.id };
      try {
        await quotas.take(call.account.store, ASKED, call.principal, Object.keys(required.inputRequests).length);
      } catch (thrown) {
        return withoutAnswer(request.method, thrown);
      }
      const waitMs = asked.client?.kept.silent ? SILENT_MS : CLIENT_ANSWER_MS;
      const until = Math.min(runtime.now() + (asked.mayWait ? waitMs : 0), (endsAt ?? Infinity) - WORDS_MS);
      const prepared = await rounds.prepare(place, { request, params, required, until }, null, call);
      await commitSurely(runtime, call.account.store, prepared.operations, call.deadline);
      await stream.ask(prepared.requests);
      const answered = new AbortController();
      void tellProgress(asked, answered.signal);
      try {
        return await follow(asked, place, until, call);
      } finally {
        answered.abort();
      }
    },

    async take(session, message, client, call) {
      const found = await rounds.take(session, message, call);
      if (found !== null) await remember(client, false, call);
      return found && ((goesOn) => goOn(found, call, goesOn));
    },

    async cancel(session, requestId, call) {
      await takeBack(session, call, (id) => id === requestId, 'the request was cancelled');
    },

    cancelAll: (session, call) => takeBack(session, call, () => true, 'the session was ended'),
  };
}
