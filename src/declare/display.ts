/** What clients may show, or go by, beside the thing itself: icons, and whom a resource is for. Types alone. */

export interface Icon {
  /** An https URL, or `data:image/…;base64,…`; at most 32,768 characters. */
  src: string;
  mimeType?: string;
  /** As `48x48`, or `any`; absent: any. */
  sizes?: string[];
  /** The background that it is made for; absent: either. */
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

/** What every declared thing may have for people. */
export interface Displayed {
  /** Its name for people. */
  title?: string;
  /** Its icons, for clients to show. */
  icons?: Icon[];
}
