/**
 * Holds messages of a server against the official JSON schema of their revision: the message itself, and what its `result` is
 * by the method that was asked for. `params` of a notification or a request are held against the definition that names its method.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { speak } from '../speak.mjs';

const RESULTS = {
  initialize: 'InitializeResult',
  ping: 'EmptyResult',
  'tools/list': 'ListToolsResult',
  'tools/call': 'CallToolResult',
  'resources/list': 'ListResourcesResult',
  'resources/templates/list': 'ListResourceTemplatesResult',
  'resources/read': 'ReadResourceResult',
  'prompts/list': 'ListPromptsResult',
  'prompts/get': 'GetPromptResult',
  'completion/complete': 'CompleteResult',
  'logging/setLevel': 'EmptyResult',
  'server/discover': 'DiscoverResult',
};

const revisions = new Map();
let folder = null;

function definitionsOf(revision) {
  const known = revisions.get(revision);
  if (known) return known;
  const schema = JSON.parse(readFileSync(join(folder, revision, 'schema.json'), 'utf8'));
  const ajv = new (schema.$schema.includes('2020-12') ? Ajv2020 : Ajv)({ strict: false, allErrors: true });
  (addFormats.default ?? addFormats)(ajv);
  ajv.addSchema(schema, 'mcp');
  const section = schema.$defs ? '$defs' : 'definitions';
  const found = { ajv, section, all: schema[section], methods: methodsOf(schema[section]) };
  revisions.set(revision, found);
  return found;
}

/** Names of definitions by the method that they fix. */
function methodsOf(definitions) {
  const named = Object.entries(definitions).map(([name, { properties }]) => [properties?.method?.const, name]);
  return new Map(named.filter(([method]) => method !== undefined));
}

function resultName(method, result) {
  if (result.resultType === 'task') return 'Result';
  if (result.resultType === 'input_required') return 'InputRequiredResult';
  return RESULTS[method] ?? null;
}

/** @returns what is wrong with a message, in words; nothing where all is well */
function faultsOf({ revision, method, message }) {
  const { ajv, section, all, methods } = definitionsOf(revision);
  const held = (name, value) => {
    if (!all[name]) return [`the schema of ${revision} has no ${name}`];
    const validate = ajv.getSchema(`mcp#/${section}/${name}`);
    if (validate(value)) return [];
    return validate.errors.slice(0, 3).map((error) => `${name}${error.instancePath} ${error.message}`);
  };
  const faults = held('JSONRPCMessage', message);
  if (message.result !== undefined) {
    const name = resultName(method, message.result);
    if (name !== null) faults.push(...held(name, message.result));
  }
  if (message.method !== undefined) {
    const name = methods.get(message.method);
    if (name === undefined) faults.push(`no ${message.method} in ${revision}`);
    else faults.push(...held(name, message));
  }
  return faults;
}

speak({
  open(path) {
    folder = path;
  },
  check: (messages) => messages.map((each) => faultsOf(each)),
  close: () => {},
});
