/** Glob patterns of `*` (any text) and `?` (any character), in time that grows with the text times the pattern at most. */
export function matchesGlob(pattern: string, text: string): boolean {
  let [at, in_, star, mark] = [0, 0, -1, 0];
  while (at < text.length) {
    if (pattern[in_] === '*') [star, mark, in_] = [in_, at, in_ + 1];
    else if (in_ < pattern.length && (pattern[in_] === '?' || pattern[in_] === text[at])) [at, in_] = [at + 1, in_ + 1];
    else if (star >= 0) [mark, at, in_] = [mark + 1, mark + 1, star + 1];
    else return false;
  }
  while (pattern[in_] === '*') in_ += 1;
  return in_ === pattern.length;
}
