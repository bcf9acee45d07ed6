/** An entry as an item. Types alone. */

/** An entry of RSS 0.9 to 2.0, RDF or Atom. A field that the source leaves out is null, or an empty list. */
export interface RssEntry {
  /** The `guid` of RSS, the `id` of Atom or the `about` of RDF; else the link. */
  id: string | null;
  /**
   * When the entry was published, or else updated: ISO 8601 in UTC, or without a zone where the source wrote none. A text that
   * is no time stands there as the source wrote it.
   */
  time: string | null;
  /** The same form. */
  updated: string | null;
  title: string | null;
  /** Absolute, where the source or the URL of the feed says what it is relative to. Never the enclosure. */
  link: string | null;
  /** As the source writes it, often in HTML. */
  summary: string | null;
  /** The whole text, where the source has it beside a summary. */
  content: string | null;
  /** Names, or else addresses; those of the feed where the entry has none. */
  authors: string[];
  categories: string[];
  /** URL of the first enclosure: an image, or an episode. */
  enclosure: string | null;
}
