/**
 * The protocol versions that are served, newest first. They repeat the SDK's own list, so that the SDK need not be
 * loaded to name them; a test compares the two.
 */

export const MODERN_VERSION = '2026-07-28';

/** The one revision that has tasks in its core. */
export const CORE_TASKS_VERSION = '2025-11-25';

export const LEGACY_VERSIONS: readonly string[] = [
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
];
