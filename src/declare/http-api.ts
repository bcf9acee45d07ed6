/**
 * What several HTTP tools share: an upstream API with its base URL, what is sent with each request, and how often it
 * may be asked. This file holds data alone. It reads no network and no environment.
 */
import type { Secret } from './secret.ts';

/**
 * What a variable of a template may stand for. Where it has no value, the parameter or header that holds it is left
 * out.
 */
export type HttpArgument = string | number | boolean | null | undefined | readonly (string | number | boolean)[];

/**
 * The value of a parameter or header: a constant, a text with arguments in braces (`'{from}..{to}'`), a secret, or the
 * result of a pure function of the arguments.
 */
export type HttpValue<Input = never> =
  | string
  | number
  | boolean
  | Secret
  | ((input: Input, moment: HttpMoment) => HttpArgument);

/** What a function of the arguments gets beside them. */
export interface HttpMoment {
  /** Epoch ms of the call. */
  now: number;
}

/**
 * At most a number of requests in each window of `perMs`. Windows begin at whole multiples of `perMs` since 1970, as
 * those of most APIs do. So up to twice the number of requests may fall into one period of `perMs` across the edge
 * between two windows.
 */
export interface RateLimit {
  requests: number;
  perMs: number;
}

export interface HttpHeaders {
  get(name: string): string | null;
}

/**
 * What an upstream answered. `body` is the parsed JSON, or the text where `format` is `text` or the body is not JSON.
 */
export interface HttpAnswer<Input = Record<string, unknown>> {
  status: number;
  headers: HttpHeaders;
  body: unknown;
  input: Input;
}

/**
 * A failure, in words for the model. `status` gives the kind of failure, such as 429, where the HTTP status does not.
 */
export interface HttpFailure {
  message: string;
  status?: number;
}

/** Defaults for the tools of an API. A tool may set its own. */
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
  /** Absolute: a text, or a secret. The tools' `url` is joined to it. Arguments cannot change its host. */
  url: string | Secret;
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
