/**
 * The questions of a task, as both halves of an answer tell them: what is asked, what each field takes, and the call that
 * answers, in which only the user's values are missing. Pure.
 */
import * as z from 'zod';
import type { WireRequest } from '../../declare/ask.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { callsTo, type NextCall } from '../../calls/next-call.ts';
import type { Header } from '../../tasks/records/header.ts';
import { expectedOf, fieldKindOf, fieldOptionsOf, textOrEmpty } from '../wire/form-fields.ts';
import type { SeenTask } from './seen-task.ts';

const AskedField = z.object({
  field: z.string(),
  kind: z.enum(['text', 'number', 'whole number', 'true or false', 'choice', 'choices']),
  needed: z.boolean(),
  expected: z.string().describe('What the value has to be, in words'),
  about: z.string().optional(),
  options: z.array(z.object({ value: z.string(), title: z.string() })).optional(),
  default: z.unknown().optional(),
});

export const TaskQuestion = z.object({
  key: z.string().describe('What the answer is given under'),
  message: z.string().describe('For the user'),
  fields: z.array(AskedField).optional().describe('What is asked for'),
  schema: z.unknown().optional().describe('The same as a JSON Schema'),
  url: z.string().optional().describe('A page for the user to open, instead of content'),
});

type Field = z.input<typeof AskedField>;
type Question = z.input<typeof TaskQuestion>;

export function questionsOf({ asks }: Pick<Header, 'asks'>): Question[] {
  return Object.entries(asks).map(([key, { params }]) => {
    const message = textOrEmpty(params.message);
    if (params.mode === 'url') return { key, message, url: textOrEmpty(params.url) };
    return { key, message, fields: fieldsOf(params), schema: params.requestedSchema };
  });
}

/** A line for each question, and one for each of its fields. */
export function questionLines(questions: readonly Question[]): string[] {
  return questions.flatMap(({ key, message, fields = [], url }) =>
    url === undefined
      ? [`- ${key}: ${message}`, ...fields.map((field) => `  - ${fieldText(field)}`)]
      : [`- ${key}: ${message} The user opens ${url}, and says so.`],
  );
}

/**
 * The calls that answer all that is asked. In place of each value stands null, so that a call that is sent as it is is
 * refused wherever a value is needed.
 */
export function answerCalls({ taskId, header, names }: SeenTask): NextCall[] {
  const each = Object.entries(header.asks);
  const accepted = each.map(([key, { params }]) => ({
    key,
    action: 'accept',
    ...(params.mode === 'url' ? {} : { content: fieldsOf(params).map(({ field }) => ({ field, value: null })) }),
  }));
  const isOpened = each.every(([, { params }]) => params.mode === 'url');
  const forWhat = isOpened ? 'Answer once the user has opened it' : 'Answer with what the user says in place of null';
  const declined = each.map(([key]) => ({ key, action: 'decline' }));
  return [
    ...callsTo(forWhat, names.answer_task, { task: taskId, answers: accepted }),
    ...callsTo('Answer that the user declines', names.answer_task, { task: taskId, answers: declined }),
  ];
}

function fieldsOf({ requestedSchema }: WireRequest['params']): Field[] {
  const { properties = {}, required = [] } = (requestedSchema ?? {}) as JsonObject;
  return Object.entries(properties as Record<string, JsonObject>).map(([field, schema]) => {
    const about = [schema.title, schema.description].filter((text) => typeof text === 'string').join(': ');
    const options = fieldOptionsOf(schema);
    return {
      field,
      kind: fieldKindOf(schema),
      needed: (required as Json[]).includes(field),
      expected: expectedOf(schema, options),
      ...(about === '' ? {} : { about }),
      ...(options.length === 0 ? {} : { options }),
      ...(schema.default === undefined ? {} : { default: schema.default }),
    };
  });
}

function fieldText({ field, needed, expected, about, default: byDefault }: Field): string {
  const isNeeded = needed
    ? 'needed'
    : byDefault === undefined
      ? 'may be left out'
      : `default ${JSON.stringify(byDefault)}`;
  return `${field} (${isNeeded}): ${expected}.${about === undefined ? '' : ` ${about}`}`;
}
