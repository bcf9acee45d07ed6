/**
 * The docstrings of the members of an interface, read from the source. They are the texts of the option tables, so that an
 * option is described in one place, where editors show it. What is read is as oxfmt writes it: members of an interface
 * stand two spaces in, each docstring directly above its member.
 */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const SRC = resolve(import.meta.dirname, '../../src');

export interface Member {
  /** Without line breaks; empty where there is none. */
  text: string;
  /** What stands behind `@default`; null where there is no such tag. */
  defaultTag: string | null;
  /** As it is written, such as `MqttTopics`. */
  type: string;
  isOptional: boolean;
}

interface Interface {
  extended: string[];
  members: Map<string, Member>;
}

const interfaces = new Map<string, Interface>();

/** The members of an interface, those of what it extends among them. */
export function membersOf(name: string): ReadonlyMap<string, Member> {
  if (interfaces.size === 0) readAll();
  const found = interfaces.get(name);
  if (!found) throw new Error(`no file of src has an interface ${name}`);
  const inherited = found.extended.filter((each) => interfaces.has(each)).flatMap((each) => [...membersOf(each)]);
  return new Map([...inherited, ...found.members]);
}

export function isInterface(name: string): boolean {
  if (interfaces.size === 0) readAll();
  return interfaces.has(name);
}

function readAll(): void {
  for (const file of globSync('**/*.ts', { cwd: SRC })) {
    const source = readFileSync(join(SRC, file), 'utf8');
    for (const [, name = '', head = '', body = ''] of source.matchAll(
      /^export interface (\w+)([^{]*)\{\n(.*?)^\}/gms,
    )) {
      interfaces.set(name, { extended: [...head.matchAll(/\b[A-Z]\w+/g)].map(([each]) => each), members: read(body) });
    }
  }
}

function read(body: string): Map<string, Member> {
  const members = new Map<string, Member>();
  const pattern =
    /(?:^ {2}\/\*\*(.*?)\*\/\n)?^ {2}(?:readonly )?(\w+)(\??)(?::\s|(?=[(<]))((?:(?!^ {2}\/\*\*).)*?);$/gms;
  for (const [, comment = '', name = '', mark = '', type = ''] of body.matchAll(pattern)) {
    members.set(name, { ...readComment(comment), type, isOptional: mark === '?' });
  }
  return members;
}

function readComment(comment: string): Pick<Member, 'text' | 'defaultTag'> {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\*? ?/, '').trimEnd());
  const whole = lines.join(' ').trim();
  const [text = '', ...tags] = whole.split(/\s*@(?=default\b)/);
  const [tag] = tags;
  return { text: text.trim(), defaultTag: tag === undefined ? null : tag.replace(/^default\s*/, '').trim() };
}
