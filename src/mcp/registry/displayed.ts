/** What lists show of a declared thing for people, where it has it. Pure. */
import type { Displayed } from '../../declare/display.ts';

export function displayed({ title, icons }: Displayed): Displayed {
  return {
    ...(title === undefined ? {} : { title }),
    ...(icons === undefined || icons.length === 0 ? {} : { icons }),
  };
}
