/** The Inspector's page in Chromium: whoever sits before it writes arguments as JSON, and reads the text of the result. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { chromium } from 'playwright-core';
import { speak } from '../speak.mjs';

const LAUNCHER = 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js';
const CHROMIUM = '/usr/bin/chromium';
const LONGEST_MS = 6_000;

let inspector = null;
let browser = null;
let page = null;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The address that it prints, with the token that its page needs. */
async function startInspector(url) {
  const [port, sandbox] = [await freePort(), await freePort()];
  const env = {
    ...process.env,
    CLIENT_PORT: String(port),
    MCP_SANDBOX_PORT: String(sandbox),
    MCP_AUTO_OPEN_ENABLED: 'false',
  };
  inspector = spawn(process.execPath, [LAUNCHER, '--web', '--transport', 'http', '--server-url', url], { env });
  process.on('exit', () => inspector.kill('SIGKILL'));
  inspector.stderr.resume();
  let said = '';
  for await (const chunk of inspector.stdout) {
    said += chunk;
    const [found] = /http:\/\/\S+_TOKEN=\w+/.exec(said) ?? [];
    if (found) return found;
  }
  throw new Error(`the Inspector ended: ${said.slice(-500)}`);
}

async function choose(name) {
  const close = page.locator('button:near(:text("Results"))').first();
  if (await page.getByText('Results', { exact: true }).isVisible()) await close.click();
  await page.getByText(name, { exact: true }).first().click();
  await page.getByRole('button', { name: 'Execute Tool' }).waitFor();
}

/** Tools without arguments have no editor. */
async function writeArguments(args) {
  if (!(await page.getByText('Edit as JSON').isVisible())) return;
  const asJson = page.getByRole('switch').last();
  if (!(await asJson.isChecked())) await asJson.click({ force: true });
  const editor = page.locator('.ace_editor').last();
  await editor.waitFor();
  await editor.evaluate((element, text) => element.env.editor.setValue(text, 1), JSON.stringify(args));
}

speak({
  async connect({ url }) {
    const address = await startInspector(url);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 1_500, height: 1_000 } });
    page.setDefaultTimeout(LONGEST_MS);
    await page.goto(address);
    await page.getByRole('switch').first().click({ force: true });
    await page.getByText('Tools', { exact: true }).first().click();
    await page.getByText('list_streams', { exact: true }).waitFor();
  },
  async list() {
    const names = await page.getByText(/^[a-z]+(_[a-z]+)*$/).allInnerTexts();
    return names.map((name) => ({ name, schema: {} }));
  },
  async call(name, args) {
    await choose(name);
    await writeArguments(args);
    await page.getByRole('button', { name: 'Execute Tool' }).click();
    await page.getByText('Results', { exact: true }).waitFor();
    // Texts, each in a box of its own, or what the server refused.
    const shown = page.locator('pre:visible, [role=alert]:visible');
    await shown.first().waitFor();
    const texts = await shown.allInnerTexts();
    return { content: texts.map((text) => ({ type: 'text', text })) };
  },
  async close() {
    await browser?.close();
    inspector?.kill('SIGTERM');
  },
});
