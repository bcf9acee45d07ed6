/**
 * Judges whether a Node can run this repository, whose scripts are TypeScript. Plain JavaScript, because an old Node runs it.
 */

/** @param {string} version such as `22.18.0` */
export function readsTypeScript(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}

/** @param {string} version */
export function neededText(version) {
  return (
    `This is Node ${version}, and the scripts of this repository need 22.18 or later (of 23: 23.6 or later).\n` +
    'npm ci brings one, unless it is told --omit=optional, and npm run takes it. Or install one yourself: nvm install 24'
  );
}
