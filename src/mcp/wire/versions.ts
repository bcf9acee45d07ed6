/**
 * The protocol versions that are served, newest first. They are those of the SDK, which is not asked for them: it need not
 * be loaded to be named. A test compares.
 */

export const MODERN_VERSION = '2026-07-28';

export const LEGACY_VERSIONS: readonly string[] = [
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
];
