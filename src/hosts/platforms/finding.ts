/** What is found before a deployment: a mistake that stops it, or advice, each with what to do about it. Types alone. */
import type { Addition } from './cloudflare-settings.ts';

export interface PlatformFinding {
  /** An error ends the deployment before anything is made. */
  level: 'error' | 'advice';
  /** The variable, setting or option that it is about. */
  field: string;
  message: string;
  /** What to do about it. */
  fix: string;
  /** The setting whose addition mends it. Absent: somebody has to decide. */
  add?: Addition;
}
