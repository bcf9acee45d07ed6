/**
 * The parts of JSON Schema that known clients and models' APIs take for tools, as tables of rules, each with where it is
 * documented. A tool that breaks one is refused there, or loses the constraint. `additionalProperties: false` breaks none:
 * whoever does not know it leaves it out. Pure.
 */
import type { Json, JsonObject } from '../../base/json.ts';
import { forEachSchema } from '../../base/schema/portable-schema.ts';

/** What a client takes, and what it is told to do. */
interface ClientSubset {
  client: string;
  source: string;
  /** Whether it reads output schemas too. */
  ofOutput: boolean;
  rules: readonly Rule[];
}

interface Rule {
  expected: string;
  isBroken: (node: JsonObject, isRoot: boolean) => boolean;
}

interface Finding {
  client: string;
  /** Such as `inputSchema.properties.where`. */
  path: string;
  expected: string;
}

const has = (node: JsonObject, names: readonly string[]) => names.some((name) => node[name] !== undefined);
const without = (names: readonly string[]): Rule => ({
  expected: `none of ${names.join(', ')}`,
  isBroken: (node) => has(node, names),
});
const isObject = ({ type }: JsonObject) => type === 'object';
const hasNames = ({ properties }: JsonObject) => Object.keys((properties ?? {}) as JsonObject).length > 0;
const isOpen = ({ additionalProperties: others }: JsonObject) => others !== undefined && others !== false;
const variantsOf = ({ anyOf, oneOf }: JsonObject): Json[] => [anyOf ?? [], oneOf ?? []].flat();

const TYPED: Rule = {
  expected: 'a type',
  isBroken: (node) => !has(node, ['type', 'anyOf', 'oneOf', '$ref', 'enum', 'const', 'allOf']),
};
const ONE_TYPE: Rule = { expected: 'one type, not a list of types', isBroken: ({ type }) => Array.isArray(type) };
const NAMED: Rule = {
  expected: 'fields that are named, not any name',
  isBroken: (node, isRoot) => isObject(node) && (isOpen(node) || (!isRoot && !hasNames(node))),
};

const formats = (names: readonly string[]): Rule => ({
  expected: `a format of a text out of ${names.join(', ')}`,
  isBroken: ({ type, format }) =>
    (type === undefined || type === 'string') && typeof format === 'string' && !names.includes(format),
});
/** Looks ahead or behind. */
const LOOK = /\(\?<?[=!]/;
const MOST_VALUES = 1_000;
/** What Anthropic takes as the name of a field. */
const FIELD = /^[\w.-]{1,64}$/;

const OF_GEMINI =
  'type, format, title, description, nullable, enum, items, minItems, maxItems, properties, required, minProperties, maxProperties, minLength, maxLength, pattern, example, anyOf, default, propertyOrdering, minimum, maximum, additionalProperties'.split(
    ', ',
  );

export const CLIENT_SUBSETS: readonly ClientSubset[] = [
  {
    client: 'OpenAI (strict)',
    source:
      'OpenAI, guide Structured Outputs, "Supported schemas"; every field is made required and nullable by its SDKs',
    ofOutput: false,
    rules: [
      { expected: 'an object, not variants', isBroken: (node, isRoot) => isRoot && variantsOf(node).length > 0 },
      TYPED,
      NAMED,
      without([
        'oneOf',
        'allOf',
        'not',
        'if',
        'then',
        'else',
        'dependentRequired',
        'dependentSchemas',
        'propertyNames',
      ]),
      without([
        'patternProperties',
        'unevaluatedProperties',
        'unevaluatedItems',
        'contains',
        'uniqueItems',
        'prefixItems',
      ]),
      formats(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid']),
      {
        expected: 'a pattern that looks neither ahead nor behind',
        isBroken: ({ pattern }) => typeof pattern === 'string' && LOOK.test(pattern),
      },
      {
        expected: `an enum of at most ${MOST_VALUES} values`,
        isBroken: (node) => Array.isArray(node.enum) && node.enum.length > MOST_VALUES,
      },
    ],
  },
  {
    client: 'Anthropic',
    source: 'Anthropic Messages API: the error of a request one of whose tools has another name of a field',
    ofOutput: false,
    rules: [
      {
        expected:
          'names of fields of 1 to 64 of A-Z, a-z, 0-9, _, . and -: one other has all tools of the request refused',
        isBroken: ({ properties }, isRoot) =>
          isRoot && Object.keys((properties ?? {}) as JsonObject).some((name) => !FIELD.test(name)),
      },
    ],
  },
  {
    client: 'Gemini',
    source: 'Gemini API reference, Schema of FunctionDeclaration.parameters',
    ofOutput: false,
    rules: [
      TYPED,
      ONE_TYPE,
      NAMED,
      { expected: 'items of a list', isBroken: (node) => node.type === 'array' && node.items === undefined },
      {
        expected: 'an enum of texts, none of them empty',
        isBroken: (node) =>
          Array.isArray(node.enum) && !node.enum.every((each) => typeof each === 'string' && each !== ''),
      },
      formats(['date-time', 'enum']),
      {
        expected: `none but ${OF_GEMINI.slice(0, -1).join(', ')}`,
        isBroken: (node) => Object.keys(node).some((name) => !OF_GEMINI.includes(name)),
      },
    ],
  },
  {
    client: 'Amazon Bedrock',
    source: 'Amazon Nova user guide, "Defining a tool": a root of type, properties and required',
    ofOutput: false,
    rules: [
      {
        expected: 'a root of type, properties and required alone',
        isBroken: (node, isRoot) => isRoot && has(node, ['$defs', 'anyOf', 'oneOf', 'allOf', 'description', 'title']),
      },
    ],
  },
  {
    client: 'LangChain',
    source: 'langchain-ai/langchain-mcp-adapters: the fields of all variants are merged into one object',
    ofOutput: false,
    rules: [
      {
        expected: 'one object in place of variants',
        isBroken: (node) => {
          const variants = variantsOf(node).filter((each) => (each as JsonObject).type !== 'null');
          return variants.filter((each) => hasNames(each as JsonObject)).length > 1;
        },
      },
    ],
  },
  {
    client: 'MCP Inspector',
    source: '@modelcontextprotocol/inspector, tools/list --strict',
    ofOutput: true,
    rules: [
      TYPED,
      ONE_TYPE,
      {
        expected: 'references within the schema',
        isBroken: ({ $ref }) => typeof $ref === 'string' && !$ref.startsWith('#'),
      },
    ],
  },
];

/** What of a tool's schemas known clients do not take. */
export function unportable({
  inputSchema,
  outputSchema,
}: {
  inputSchema: JsonObject;
  outputSchema?: JsonObject;
}): Finding[] {
  return CLIENT_SUBSETS.flatMap((subset) => [
    ...broken(inputSchema, 'inputSchema', subset),
    ...(outputSchema && subset.ofOutput ? broken(outputSchema, 'outputSchema', subset) : []),
  ]);
}

function broken(schema: JsonObject, root: string, { client, rules }: ClientSubset): Finding[] {
  const found: Finding[] = [];
  const look = (node: JsonObject, path: string) => {
    const first = rules.find((rule) => rule.isBroken(node, path === root));
    if (first) found.push({ client, path, expected: first.expected });
    forEachSchema(node, (inner, below) => look(inner, `${path}.${below}`));
  };
  look(schema, root);
  return found;
}
