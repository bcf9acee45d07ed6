/** Cuts the bytes of a pipe into lines, and holds no more of one than a message may have. Pure. */

/** A line without its end. `length`: it was longer than what is held, and was passed over. `bytes`: it is no UTF-8. */
export type Line = { ok: true; text: string } | { ok: false; fault: 'length' | 'bytes' };

const NEWLINE = 0x0a;

/** Answers a function that takes the bytes as they come, and answers the lines that end in them. */
export function createLines(mostBytes: number): (bytes: Uint8Array) => Line[] {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let isTooLong = false;

  function hold(bytes: Uint8Array): void {
    heldBytes += bytes.byteLength;
    isTooLong ||= heldBytes > mostBytes;
    if (isTooLong) held = [];
    else if (bytes.byteLength > 0) held.push(bytes);
  }

  function end(): Line {
    const line: Line = isTooLong ? { ok: false, fault: 'length' } : lineOf(held);
    held = [];
    heldBytes = 0;
    isTooLong = false;
    return line;
  }

  return (bytes) => {
    const lines: Line[] = [];
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
      hold(bytes.subarray(from, at));
      lines.push(end());
      from = at + 1;
    }
    hold(bytes.subarray(from));
    return lines;
  };
}

/** Of what is no UTF-8 nobody knows what was meant, so nothing is put in the place of its bytes. */
function lineOf(pieces: readonly Uint8Array[]): Line {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    const text = pieces.map((bytes) => decoder.decode(bytes, { stream: true })).join('') + decoder.decode();
    return { ok: true, text: text.replace(/\r$/, '') };
  } catch {
    return { ok: false, fault: 'bytes' };
  }
}
