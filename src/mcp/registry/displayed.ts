/** The title and icons that lists show to people, where a declaration has them. Pure. */
import type { Displayed } from '../../declare/display.ts';

export function displayed({ title, icons }: Displayed): Displayed {
  return {
    ...(title === undefined ? {} : { title }),
    ...(icons === undefined || icons.length === 0 ? {} : { icons }),
  };
}
