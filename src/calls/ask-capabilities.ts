/** The capabilities that a client has to declare to be asked. Pure. */
import type { InputRequest, WireRequest } from '../declare/ask.ts';
import type { JsonObject } from '../base/json.ts';

/** Capabilities by name, each with the members that are needed. */
type Capabilities = Record<string, JsonObject>;

const NEEDED: Readonly<Record<InputRequest['kind'], Capabilities>> = {
  form: { elicitation: { form: {} } },
  url: { elicitation: { url: {} } },
  sample: { sampling: {} },
  roots: { roots: {} },
};

/** Whether a client with these capabilities may be asked in this way. */
export function isAskable(kind: InputRequest['kind'], declared: JsonObject): boolean {
  return lacking([NEEDED[kind]], declared) === null;
}

/** The capabilities that the client lacks to be asked all of this. Null: it lacks none. */
export function missingFor(requests: Iterable<WireRequest>, declared: JsonObject): JsonObject | null {
  return lacking([...requests].map(neededFor), declared);
}

function neededFor({ method, params }: WireRequest): Capabilities {
  if (method === 'roots/list') return NEEDED.roots;
  if (method === 'sampling/createMessage') return neededToSample(params);
  return params.mode === 'url' ? NEEDED.url : NEEDED.form;
}

/** Tools and context in a sampling request need members of their own. */
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

/** A client that declares `elicitation` without a mode means forms. */
function hasMember(capability: JsonObject, member: string): boolean {
  return capability[member] !== undefined || (member === 'form' && capability.url === undefined);
}
