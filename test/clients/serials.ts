/** How the events of the app are told apart, and how many there are. */
export const SENSORS = ['a', 'b'] as const;
/** Of each sensor. */
export const EVENTS = 300;

/** `a-0001` */
export function serialOf(sensor: string, number: number): string {
  return `${sensor}-${String(number).padStart(4, '0')}`;
}

/** Those that a text has, as often as it has them. */
export function serialsIn(text: string): string[] {
  return text.match(/\b[ab]-\d{4}\b/g) ?? [];
}
