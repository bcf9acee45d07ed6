/**
 * A tool that asks an HTTP API, declared as data. It turns arguments into one request or several pages, and it picks,
 * checks and shows what comes back. The room `apis` does what is declared here. It supports GET and POST, and pages
 * that a query parameter selects.
 *
 * Store calls: an answer that is kept takes one, and so does a call during a pause that the API asked for. Any other
 * call takes that one, one more for each limit and request (each page, each retry and each wait for a limit counts as
 * another), and one to keep the answer or to remember a pause. A call that counts as several requests and is refused
 * takes one more, to give them back.
 */
import * as z from 'zod';
import { TidegateError } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import type { Scoped } from './scoped.ts';
import type { Tool, ToolAnnotations } from './tool.ts';
import type { Api, HttpAnswer, HttpArgument, HttpDefaults, HttpMoment, HttpValue, RateLimit } from './http-api.ts';

/**
 * Answers that are kept in the store. Calls with the same arguments that overlap in one process share one request. An
 * answer is kept for a whole tenant, whoever asked for it, so it must depend on nothing but the arguments.
 */
export interface HttpCache<Input = never> {
  /** How long an answer is kept, in ms. */
  ttlMs: number;
  /**
   * How much longer an answer may be given, with a word about its age, where the API cannot be asked, in ms.
   * @default 0 ms
   */
  staleMs?: number;
  /**
   * Most answers that are kept, up to 10,000; one more takes the place of another. None above 256 KiB is kept.
   * @default 1,000
   */
  entries?: number;
  /** What an answer is known by. Default: the arguments. */
  key?: (input: Input) => Json;
}

/**
 * How an API's pages follow each other. A query parameter selects the next page. The model gets its value as `next` and
 * gives it back as the argument `cursor`.
 */
export type HttpPaging = {
  /** Name of the query parameter. */
  query: string;
  /** Name of the tool's argument; default `cursor`. Where `input` does not have the argument, it is added. */
  argument?: string;
  /** Most pages that one call reads: up to 20, and 1 by default. */
  pages?: number;
} & (
  | {
      /** The body holds the parameter's next value. */
      by: 'cursor';
      /** Path of that value in the body. Where it is missing, null, false or empty, there are no more pages. */
      next: string;
    }
  | {
      /** The answer holds a URL whose query has the parameter's next value. Nothing else of the URL is used. */
      by: 'link';
      /** Path of the URL in the body. Default: the header `Link` with `rel="next"`. */
      next?: string;
    }
  | {
      /** Pages have numbers, or the parameter counts items. */
      by: 'page' | 'offset';
      /** The parameter's value for the first page. Default: 1 for pages, 0 for an offset. */
      first?: number;
      /**
       * How many items a page has when others follow it. A page with fewer items is the last. Default: a page without
       * items is the last.
       */
      full?: number | string;
    }
);

/** A request that is sent before the tool's own, and may keep that from being sent. */
export interface HttpGuard<Input = never> {
  /** What is asked, as `url` of the tool. */
  url: string;
  /** Its query, by name. */
  query?: Record<string, HttpValue<Input>>;
  /** Says why the tool's own request is not sent, in words for the model; null: it is sent. Pure. */
  refuse: (answer: HttpAnswer<Input>) => string | null;
  /**
   * What becomes of the call where the guard's own request fails.
   * @default refuse
   */
  otherwise?: 'refuse' | 'pass';
}

export interface HttpToolOptions<Input extends z.ZodObject, Output extends z.ZodType, Item extends z.ZodType>
  extends HttpDefaults, Scoped {
  /** Its name for people. */
  title?: string;
  /** For the model: what the tool does, and when to use it. */
  description: string;
  /** The arguments, as a zod schema of an object. Default: none. Those that nothing else names are sent as well: in the query, or in the body of a POST. */
  input?: Input;
  /** Schema of the whole answer. */
  output?: Output;
  /** Instead of `output`: schema of one item of an answer that is a list. The answer is then `{ items, next }`. */
  item?: Item;
  /** Hints for clients, beside `openWorldHint` and, for a GET, `readOnlyHint`. */
  annotations?: ToolAnnotations;
  /** The API that the tool asks. Its headers, query and limits hold for the tool. Default: `url` is absolute. */
  api?: Api;
  /**
   * With an API a path below its URL, such as `/stocks/{symbol}`, else an absolute URL; `{name}` stands for an argument,
   * percent-encoded. A pure function chooses among such templates.
   */
  url: string | ((input: z.output<Input>) => string);
  /**
   * How the API is asked.
   * @default GET
   */
  method?: 'GET' | 'POST';
  /**
   * The query by name, in place of the arguments of these names. A pure function that makes all of it may choose the names too, but
   * none that the API sends each time.
   */
  query?:
    | Record<string, HttpValue<z.output<Input>>>
    | ((input: z.output<Input>, moment: HttpMoment) => Record<string, HttpArgument>);
  /** Headers by name, beside those of the API; one of the same name takes its place. */
  headers?: Record<string, HttpValue<z.output<Input>>>;
  /**
   * How the body of a POST is written.
   * @default json
   */
  body?: 'json' | 'form';
  /** What the body of a POST holds, instead of the arguments that nothing else names. Pure. */
  content?: (input: z.output<Input>, moment: HttpMoment) => Json;
  /** Arguments that are not sent by themselves, since a function reads them. */
  unsent?: readonly (keyof z.output<Input> & string)[];
  /** A limit beside that of the API, counted for this tool alone. */
  rateLimit?: RateLimit | readonly RateLimit[];
  /**
   * How many requests a call counts as, against each limit.
   * @default 1
   */
  cost?: (input: z.output<Input>) => number;
  /** Keeps answers, for calls with the same arguments. Default: none is kept. */
  cache?: HttpCache<z.output<Input>>;
  /**
   * `text`: the body is a text, whatever its headers say.
   * @default json
   */
  format?: 'json' | 'text';
  /** The answer within the body: a path such as `data.items`, or a pure function. Default: the body. */
  pick?:
    | string
    | ((
        body: unknown,
        answer: HttpAnswer<z.output<Input>>,
      ) => [Item] extends [never] ? z.input<Output> : readonly z.input<Item>[]);
  /** What people read, and models whose client shows them text alone. Default: tables and lines. Pure. */
  text?: (
    structured: [Item] extends [never] ? z.output<Output> : { items: z.output<Item>[] },
    input: z.output<Input>,
  ) => string;
  /** How the API's pages follow each other: by a cursor, a link, a number or an offset. Default: there is one page. */
  paging?: HttpPaging;
  /** A request that is sent before the tool's own, and may refuse it. */
  guard?: HttpGuard<z.output<Input>>;
}

/** An HTTP tool's options, with the types of its arguments and of its answer forgotten. */
export type HttpSpec = Omit<HttpToolOptions<z.ZodObject, z.ZodType, never>, 'item' | 'text'> & {
  item?: z.ZodType;
  text?: (structured: unknown, input: Record<string, unknown>) => string;
};

/** A tool whose `run` is made from `http` when the app is served. */
export interface HttpTool extends Tool {
  http: HttpSpec;
}

/** Declares a tool that asks an HTTP API. */
export function httpTool<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodType = z.ZodType,
  Item extends z.ZodType = never,
>(options: HttpToolOptions<Input, Output, Item>): HttpTool {
  const spec = (options ?? {}) as unknown as HttpSpec;
  const { title, description, method, scopes } = spec;
  const input = inputOf(spec);
  const output = spec.item instanceof z.ZodType ? listOf(spec.item) : spec.output;
  return {
    kind: 'tool',
    description,
    ...(title === undefined ? {} : { title }),
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
    ...(scopes === undefined ? {} : { scopes }),
    annotations: { ...(method === 'POST' ? {} : { readOnlyHint: true }), openWorldHint: true, ...spec.annotations },
    http: spec,
    run: () => Promise.reject(new TidegateError('internal', 'an HTTP tool runs where its app is served')),
  };
}

export function isHttpTool(tool: Tool): tool is HttpTool {
  return 'http' in tool;
}

/** Name of the argument that selects the page. Null: the API has no pages. */
export function cursorArgument({ paging }: HttpSpec): string | null {
  return paging ? (paging.argument ?? 'cursor') : null;
}

/** Whether a request may be sent again and its answer may be kept. */
export function isSafe({ method, annotations }: HttpSpec): boolean {
  return method !== 'POST' || annotations?.readOnlyHint === true;
}

function inputOf(spec: HttpSpec): z.ZodObject | undefined {
  const { input } = spec;
  const argument = cursorArgument(spec);
  if (argument === null || (input !== undefined && !(input instanceof z.ZodObject))) return input;
  if (input !== undefined && argument in input.shape) return input;
  const cursor = z.string().min(1).max(2_048).optional().describe('`next` of the answer before, to go on behind it');
  return (input ?? z.strictObject({})).safeExtend({ [argument]: cursor });
}

function listOf(item: z.ZodType): z.ZodObject {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe('Give it as the cursor for more; null: there is no more'),
  });
}
