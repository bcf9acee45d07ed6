/** The calls that every client makes, and the two ways in which models write arguments otherwise than asked for. Pure. */

export interface ListedTool {
  name: string;
  /** JSON Schema of its arguments, as the client shows it. */
  schema: { properties?: Record<string, unknown>; required?: string[] };
}

export interface Asked {
  tool: string;
  args: Record<string, unknown>;
  /** What each half that the model gets has to say. */
  says: RegExp;
  /** What is right too, thrown or said: a client that cannot be asked has to be told so. */
  orRefused?: RegExp;
}

/** As the server says it, and as OpenAI's Agents SDK says every error of the protocol. */
const NOT_ASKED = /has to be asked|needs an answer first|An error occurred while running the tool/;

/** A task's tool answers a handle, and to clients that know tasks its end. */
const BEGUN = /get_task|"task":/;

/** What is wrong, where, what was expected, what was probably meant, and the code. */
const REFUSED =
  /(?=[^]*no stream reading\b)(?=[^]*Argument: stream)(?=[^]*Expected: )(?=[^]*did you mean readings)(?=[^]*not_found)/;
const NO_TASK = /(?=[^]*no such task)(?=[^]*Argument: task)(?=[^]*not_found)/;

export const CALLS: readonly Asked[] = [
  { tool: 'read_latest', args: { stream: 'reading' }, says: REFUSED, orRefused: REFUSED },
  { tool: 'cancel_task', args: { task: 'none' }, says: NO_TASK, orRefused: NO_TASK },
  { tool: 'list_streams', args: {}, says: /readings/ },
  { tool: 'list_streams', args: { search: 'temperature' }, says: /readings/ },
  { tool: 'read_latest', args: { stream: 'readings', key: 'b' }, says: /b-0300/ },
  { tool: 'read_latest', args: { stream: 'readings', limit: 2 }, says: /a-0300/ },
  { tool: 'read_history', args: { stream: 'readings', keys: ['a'], limit: 5 }, says: /a-0300/ },
  {
    tool: 'read_history',
    args: {
      stream: 'readings',
      where: [
        { field: 'celsius', above: 29 },
        { field: 'open', equals: true },
      ],
      limit: 3,
    },
    says: /[ab]-0\d39|[ab]-0\d\d\d/,
  },
  {
    tool: 'read_history',
    args: { stream: 'readings', from: '-2h', window: 'all', field: 'celsius', aggregates: ['count', 'mean'] },
    says: /\b300\b/,
  },
  { tool: 'read_history', args: { stream: 'readings', estimate: true }, says: /estimate|would read/ },
  { tool: 'tail_stream', args: { stream: 'readings', seconds: 0, maxEvents: 3, keys: ['a'] }, says: /tail_stream/ },
  {
    tool: 'wait_for',
    args: { stream: 'readings', condition: { kind: 'threshold', field: 'celsius', above: -100 }, seconds: 5 },
    says: new RegExp(`${BEGUN.source}|"held":true|It holds`),
  },
  {
    tool: 'export_history',
    args: { stream: 'readings', keys: ['a'], format: 'ndjson' },
    says: new RegExp(`${BEGUN.source}|"events":300|300 events`),
  },
  {
    tool: 'replay_dead_letters',
    args: { feed: 'readings' },
    says: new RegExp(`${BEGUN.source}|"replayed":0|0 replayed`),
  },
  { tool: 'publish', args: { topic: 'lamps/hall/set', payload: { on: true } }, says: /lamps\/hall\/set/ },
  {
    tool: 'request',
    args: { topic: 'lamps/hall/ask', payload: { colour: true }, seconds: 1 },
    // Nobody answers, which is an error. It says to which topic.
    says: /lamps\/hall\/ask/,
    orRefused: /lamps\/hall\/ask/,
  },
  { tool: 'site', args: { site: 'north', detail: 2 }, says: /north/ },
  { tool: 'open_door', args: { door: 'east' }, says: /east/, orRefused: NOT_ASKED },
  { tool: 'register', args: {}, says: /read_result/ },
];

/** How arguments are written. */
export const WAYS = {
  plain: (args: Asked['args']) => args,
  /** Null for every optional argument that is not meant. */
  nulls: (args: Asked['args'], { properties = {}, required = [] }: ListedTool['schema']) => {
    const left = Object.keys(properties).filter((name) => !required.includes(name));
    return { ...Object.fromEntries(left.map((name) => [name, null])), ...args };
  },
  /** Texts in place of numbers, of true and false, of lists and objects. */
  texts: (args: Asked['args']) =>
    Object.fromEntries(
      Object.entries(args).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
    ),
} satisfies Record<string, (args: Asked['args'], schema: ListedTool['schema']) => Asked['args']>;

export type Way = keyof typeof WAYS;
