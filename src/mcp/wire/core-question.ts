/**
 * The id of a request that a method of 2025-11-25 sends its client. It says what is asked, so that any instance knows what
 * an answer is to. Pure.
 */
const QUESTION_ID = /^core\/[\w-]{1,60}\/(.+)$/;

/** @param random so that no two are equal @param key of what is asked, as the method calls it */
export function coreQuestionId(random: string, key: string): string {
  return `core/${random}/${key}`;
}

/** What is answered by an answer with this id. Null: it answers something else. */
export function answeredKey(id: unknown): string | null {
  const [, key] = typeof id === 'string' ? (QUESTION_ID.exec(id) ?? []) : [];
  return key ?? null;
}
