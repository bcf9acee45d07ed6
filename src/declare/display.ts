/**
 * Metadata that clients may show or use beside the thing itself: icons, and the audience of a resource. This file holds
 * types alone.
 */

export interface Icon {
  /** An https URL, or `data:image/…;base64,…`; at most 32,768 characters. */
  src: string;
  mimeType?: string;
  /** Sizes such as `48x48`, or `any`. Absent: any size. */
  sizes?: string[];
  /** The background that the icon is made for. Absent: either. */
  theme?: 'light' | 'dark';
}

export interface Annotations {
  /** For whom the content is: the user, the assistant, or both. */
  audience?: ('user' | 'assistant')[];
  /** From 0 (may be left out) to 1 (nothing works without it). */
  priority?: number;
  /** When the content last changed, in ISO 8601. */
  lastModified?: string;
}

/** What every declared thing may say of itself for people. */
export interface Displayed {
  /** Its name for people. */
  title?: string;
  /** Its icons, for clients to show. */
  icons?: Icon[];
}
