/** What a client has to have declared to be asked. Pure. */
import type { InputRequest, WireRequest } from '../declare/ask.ts';
import type { JsonObject } from '../base/json.ts';

/** Capabilities by name, with the members that are needed of each. */
type Capabilities = Record<string, JsonObject>;

const NEEDED: Readonly<Record<InputRequest['kind'], Capabilities>> = {
  form: { elicitation: { form: {} } },
  url: { elicitation: { url: {} } },
  sample: { sampling: {} },
  roots: { roots: {} },
};

/** Whether a client that declared this may be asked in this way. */
export function isAskable(kind: InputRequest['kind'], declared: JsonObject): boolean {
  return lacking([NEEDED[kind]], declared) === null;
}

/** What the client would have to declare beside what it did; null: it can be asked all of this. */
export function missingFor(requests: Iterable<WireRequest>, declared: JsonObject): JsonObject | null {
  return lacking([...requests].map(neededFor), declared);
}

function neededFor({ method, params }: WireRequest): Capabilities {
  if (method === 'roots/list') return NEEDED.roots;
  if (method === 'sampling/createMessage') return neededToSample(params);
  return params.mode === 'url' ? NEEDED.url : NEEDED.form;
}

/** Two things in a request for an answer of the model have members of their own. */
function neededToSample({ tools, toolChoice, includeContext }: JsonObject): Capabilities {
  return {
    sampling: {
      ...(tools === undefined && toolChoice === undefined ? {} : { tools: {} }),
      ...(includeContext === undefined || includeContext === 'none' ? {} : { context: {} }),
    },
  };
}

function lacking(needed: readonly Capabilities[], declared: JsonObject): JsonObject | null {
  const missing: Capabilities = {};
  for (const [name, members] of needed.flatMap((each) => Object.entries(each))) {
    const has = declared[name];
    if (typeof has !== 'object' || has === null) missing[name] = { ...missing[name], ...members };
    else {
      for (const member of Object.keys(members)) {
        if (!hasMember(has as JsonObject, member)) missing[name] = { ...missing[name], [member]: {} };
      }
    }
  }
  return Object.keys(missing).length === 0 ? null : missing;
}

/** An elicitation that names no mode means forms. */
function hasMember(capability: JsonObject, member: string): boolean {
  return capability[member] !== undefined || (member === 'form' && capability.url === undefined);
}
