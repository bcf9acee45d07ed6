/** How numbers of a source count: whether a number that is missing is a message that is missing. Pure. */

/** So many steps of one in a row, and none that is another, show that a missing number is a missing message. */
export const SURE_STEPS = 3;

/** How far an id counts behind another; null where they are no numbers behind the same text. */
export function stepOf(from: string, to: string): number | null {
  const [, before, a] = /^(.*?)(\d{1,15})$/.exec(from) ?? [];
  const [, then, b] = /^(.*?)(\d{1,15})$/.exec(to) ?? [];
  return a === undefined || b === undefined || before !== then ? null : Number(b) - Number(a);
}

/** The steps of one in a row, up to `most`, after one more step; -1: some step was another. */
export function countedWith(counted: number, step: number | null, most: number = SURE_STEPS): number {
  return step === 1 && counted >= 0 ? Math.min(counted + 1, most) : -1;
}
