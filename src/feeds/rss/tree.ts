/**
 * The tree of an XML document, with the namespace and the base of each element. An item that begins while the one before
 * it is open ends that one, and tags within markup need not match, because both are common and mean one thing alone. Any
 * other tag without its counterpart is an error with its line: what stands behind it could belong anywhere. So is an item
 * within markup: the field around it lacks its end.
 */
import { resolved } from './links.ts';
import { scanMarkup } from './scan.ts';
import { unreadable } from './unreadable.ts';

export interface XmlElement {
  /** The name behind the prefix, in lower case. */
  name: string;
  /** The name as written, with its prefix. */
  tag: string;
  /** The namespace; of a prefix that is declared nowhere, the prefix. Empty where there is none. */
  space: string;
  /** By their names as written, with their prefixes. */
  attributes: ReadonlyMap<string, string>;
  /** What links within it are relative to; null where nothing says so. */
  base: string | null;
  content: (XmlElement | string)[];
}

/** What the tree cannot know by itself of a kind of document. */
interface TreeRules {
  /** Whether an element cannot stand within another of its name. */
  isItem: (element: XmlElement) => boolean;
  /** Whether an element is a field whose text may be markup. */
  hasMarkup: (element: XmlElement) => boolean;
}

interface OpenElement {
  element: XmlElement;
  /** The tag in lower case, because some sources end it in another case. */
  tag: string;
  spaces: Spaces;
  isItem: boolean;
  hasMarkup: boolean;
  /** Whether it stands within an element that has markup. */
  isMarkup: boolean;
  /** Where it begins in the text. */
  at: number;
}

/** Namespaces by their prefixes. */
type Spaces = ReadonlyMap<string, string>;

/** Elements within each other. A feed has five, and its markup some more. */
const MOST_DEPTH = 200;
/** Namespaces that are declared around an element. */
const MOST_SPACES = 200;

/**
 * The root; null where the text has no element.
 * @param base the URL of the document; null where it has none.
 * @param rulesOf answers the rules for a root, before anything within it is read.
 * @throws TidegateError `upstream` with the line
 */
export function readTree(
  text: string,
  base: string | null,
  rulesOf: (root: XmlElement) => TreeRules,
): XmlElement | null {
  const open: OpenElement[] = [];
  let root: XmlElement | null = null;
  let rules: TreeRules = { isItem: () => false, hasMarkup: () => false };

  /** Ends all that is open from a place on. */
  function close(from: number): void {
    for (let at = open.length - 1; at > from; at -= 1) {
      const one = open[at];
      if (one !== undefined && !one.isItem && !one.isMarkup) {
        throw unreadable(`has <${one.element.tag}> without its end`, text, one.at);
      }
    }
    open.length = from;
  }

  scanMarkup(text, {
    begin(tag, attributes, at) {
      if (open.length >= MOST_DEPTH)
        throw unreadable(`has more than ${MOST_DEPTH} elements within each other`, text, at);
      if (open.length === 0 && root !== null) throw unreadable(`goes on behind its end with <${tag}>`, text, at);
      const around = open.at(-1);
      const spaces = spacesWithin(attributes, around?.spaces ?? NO_SPACES);
      if (spaces.size > MOST_SPACES) throw unreadable(`declares more than ${MOST_SPACES} namespaces`, text, at);
      const element: XmlElement = { ...named(tag, spaces), attributes, base: null, content: [] };
      if (root === null) {
        root = element;
        rules = rulesOf(element);
      }
      const isMarkup = around !== undefined && (around.isMarkup || around.hasMarkup);
      const isItem = rules.isItem(element);
      if (isItem && isMarkup) {
        const field = open.findLast((one) => one.hasMarkup)?.element.tag ?? tag;
        const why = `either <${field}> lacks its end, or its text names a tag that is not escaped (&lt;${tag}&gt;) and not in CDATA`;
        throw unreadable(`has <${tag}> within <${field}>: ${why}`, text, at);
      }
      if (isItem) {
        const unended = open.findIndex((one) => one.isItem);
        if (unended !== -1) close(unended);
      }
      const parent = open.at(-1)?.element;
      element.base = baseWithin(attributes, parent === undefined ? base : parent.base);
      parent?.content.push(element);
      open.push({
        element,
        tag: tag.toLowerCase(),
        spaces,
        isItem,
        isMarkup,
        hasMarkup: !isMarkup && rules.hasMarkup(element),
        at,
      });
    },
    end(tag, at) {
      const name = tag.toLowerCase();
      const place = open.findLastIndex((one) => one.tag === name);
      const inner = open.at(-1);
      if (place !== -1) close(place);
      else if (inner === undefined || !(inner.isMarkup || inner.hasMarkup)) {
        throw unreadable(`has </${tag}> that ends nothing`, text, at);
      }
    },
    text(part) {
      open.at(-1)?.element.content.push(part);
    },
  });
  if (open.length > 0) throw unreadable('is cut off', text, text.length);
  return root;
}

const NO_SPACES: Spaces = new Map([['xml', 'http://www.w3.org/XML/1998/namespace']]);

function spacesWithin(attributes: ReadonlyMap<string, string>, around: Spaces): Spaces {
  let spaces: Map<string, string> | null = null;
  for (const [name, value] of attributes) {
    if (name !== 'xmlns' && !name.startsWith('xmlns:')) continue;
    spaces ??= new Map(around);
    spaces.set(name.slice(6), value.trim());
  }
  return spaces ?? around;
}

function named(tag: string, spaces: Spaces): Pick<XmlElement, 'name' | 'tag' | 'space'> {
  const colon = tag.indexOf(':');
  const prefix = colon === -1 ? '' : tag.slice(0, colon);
  return { name: tag.slice(colon + 1).toLowerCase(), tag, space: spaces.get(prefix) ?? prefix };
}

function baseWithin(attributes: ReadonlyMap<string, string>, around: string | null): string | null {
  const base = attributes.get('xml:base');
  const own = base === undefined ? null : resolved(base, around);
  return own !== null && URL.canParse(own) ? own : around;
}
