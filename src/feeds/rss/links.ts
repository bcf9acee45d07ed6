/** Links that are relative to something, alone and within markup. Pure. */
import { decodeHTMLStrict } from 'entities/decode';

/**
 * A link against its base. A link that is absolute stays as it is written, and so does one that nothing can resolve.
 * Null where the link is empty.
 */
export function resolved(link: string, base: string | null): string | null {
  const written = link.trim();
  if (written === '') return null;
  if (URL.canParse(written) || base === null || !URL.canParse(written, base)) return written;
  return new URL(written, base).href;
}

const LINKS = new Set(['href', 'src', 'cite', 'action', 'longdesc', 'poster', 'data', 'background']);
/** A tag. It ends before the next `<`, which keeps the search linear. */
const TAG = /<[a-z](?:"[^"]*"|'[^']*'|[^"'<>])*>/gi;
/** A name is looked at from its beginning alone, which keeps the search linear too. */
const ATTRIBUTE = /(?<![^\s"'=<>/])([^\s"'=<>/]+)(\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))/g;

/** The value of an attribute of HTML, resolved where it is a link. A place within the text itself stays as it is. */
export function resolvedAttribute(name: string, value: string, base: string | null): string {
  if (!LINKS.has(name.toLowerCase()) || value.startsWith('#')) return value;
  return resolved(value, base) ?? value;
}

/** Markup whose links are absolute. All else in it stays as the source writes it. */
export function withAbsoluteLinks(html: string, base: string | null): string {
  if (base === null) return html;
  return html.replace(TAG, (tag) =>
    tag.replace(ATTRIBUTE, (whole, name: string, equals: string, double?: string, single?: string, bare?: string) => {
      const value = decodeHTMLStrict(double ?? single ?? bare ?? '');
      const link = resolvedAttribute(name, value, base);
      return link === value ? whole : `${name}${equals}"${link.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`;
    }),
  );
}
