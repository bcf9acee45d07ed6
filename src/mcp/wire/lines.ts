/** Cuts the bytes of a pipe into lines, and holds no more of one than a message may have. Pure. */

/** A line without its end. Null: it was longer than what is held, and was passed over. */
export type Line = string | null;

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
    const decoder = new TextDecoder();
    const text = held.map((bytes) => decoder.decode(bytes, { stream: true })).join('') + decoder.decode();
    const line = isTooLong ? null : text.replace(/\r$/, '');
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
