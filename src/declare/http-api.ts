/**
 * What HTTP tools share: an upstream API with its base URL, what it is sent each time and how often. It is data alone:
 * nothing here asks a network or reads the environment.
 */
import type { Secret } from './secret.ts';

/** What a variable of a template may stand for; without a value, what it stands in is left out. */
export type HttpArgument = string | number | boolean | null | undefined | readonly (string | number | boolean)[];

/**
 * What is sent under a name: a constant, a text with arguments in braces (`'{from}..{to}'`), a secret, or what a pure
 * function makes of the arguments.
 */
export type HttpValue<Input = never> =
  | string
  | number
  | boolean
  | Secret
  | ((input: Input, moment: HttpMoment) => HttpArgument);

/** What a function of the arguments may know beside them. */
export interface HttpMoment {
  /** Epoch ms of the call. */
  now: number;
}

/**
 * At most so many requests in each window of `perMs`. Windows lie at whole multiples of `perMs` since 1970, as those of
 * most APIs do, so across the edge between two of them up to twice as many may fall into `perMs`.
 */
export interface RateLimit {
  requests: number;
  perMs: number;
}

export interface HttpHeaders {
  get(name: string): string | null;
}

/** What an upstream answered: `body` is what its JSON says, or a text where `format` is `text` or it is no JSON. */
export interface HttpAnswer<Input = Record<string, unknown>> {
  status: number;
  headers: HttpHeaders;
  body: unknown;
  input: Input;
}

/** A failure in words for the model; `status` says what kind it is where the HTTP status does not, such as 429. */
export interface HttpFailure {
  message: string;
  status?: number;
}

/** Defaults of the tools of an API; a tool may say otherwise. */
export interface HttpDefaults {
  /**
   * The failure's words. A path: where they stand in the body of an answer that is not 2xx. A pure function is asked of
   * every answer, so that it finds errors behind a 200 too; null: it is none of those. Default: `message`, `error` or
   * `detail` of the body. At most 500 characters are shown.
   */
  errors?: string | ((answer: HttpAnswer) => string | HttpFailure | null);
  /**
   * Longest time of one exchange, in ms. The request's own deadline counts too.
   * @default 10,000 ms
   */
  timeoutMs?: number;
  /**
   * Largest answer, all of its pages together.
   * @default 2,097,152 B
   */
  maxBytes?: number;
  /**
   * Host names or `host:port` that may be http or resolve to private addresses.
   * @default []
   */
  allow?: readonly string[];
  /**
   * How an array is sent in the query: `a=1,2` or `a=1&a=2`. `{name*}` repeats in any case.
   * @default join
   */
  arrays?: 'join' | 'repeat';
  /**
   * How often a request is sent again after 502, 503, 504 or no answer at all, where that does no harm; 0 to 5.
   * @default 2
   */
  retries?: number;
  /**
   * How long a call that is over a limit may wait, in ms, before it says when to try again.
   * @default 2,000 ms
   */
  waitMs?: number;
}

export interface ApiOptions extends HttpDefaults {
  /** Name of the API, for models, in the log and in the store. Its limits hold over all instances and tools. */
  name: string;
  /** Absolute; the tools' `url` is joined to it. Arguments cannot change its host. */
  url: string;
  /** Headers that are sent with each request. */
  headers?: Record<string, string | Secret>;
  /** Parameters that are sent with each request. */
  query?: Record<string, string | number | boolean | Secret>;
  /** How often the API may be asked, over all instances and tools: a limit, or a list of them. Default: no limit. */
  rateLimit?: RateLimit | readonly RateLimit[];
}

export interface Api extends ApiOptions {
  kind: 'api';
}

/** Declares an API that several tools call. */
export function api(options: ApiOptions): Api {
  return { kind: 'api', ...options };
}
