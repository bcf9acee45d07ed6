/**
 * An app in a folder that has the published package and nothing of this repository, synthesized there as CDK does it: its template, and
 * the code of its functions. What the package depends on is found in this tree.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { packedPackage } from '../../services/packed.ts';

const MODULES = resolve(import.meta.dirname, '../../../node_modules');
/** What an operator installs beside `tidegate`. */
const INSTALLED = ['zod', 'aws-cdk-lib', 'constructs', 'esbuild'];

export interface TarballApp {
  template: Template;
  /** Folder of the functions' code. */
  code: string;
  remove(): void;
}

/**
 * @param files modules by name, among them `app.ts`
 * @param settings what `createTidegateStack` is given beside the app's file
 * @throws Error with what the program said
 */
export async function synthesizeTarballApp(files: Record<string, string>, settings: object): Promise<TarballApp> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate app '));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const modules = join(folder, 'node_modules');
    mkdirSync(modules);
    symlinkSync(await packedPackage(), join(modules, 'tidegate'));
    for (const name of INSTALLED) symlinkSync(join(MODULES, name), join(modules, name));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const program = [
      "import { createTidegateStack } from 'tidegate/aws';",
      "import app from './app.ts';",
      `createTidegateStack(app, { appFile: 'app.ts', ...${JSON.stringify(settings)} });`,
    ];
    for (const [name, text] of Object.entries({ ...files, 'aws.ts': program.join('\n') })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const outdir = join(folder, 'cdk.out');
    const env = { ...process.env, CDK_OUTDIR: outdir };
    const { status, stderr } = spawnSync(process.execPath, ['aws.ts'], { cwd: folder, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    const made = readdirSync(outdir);
    const [template = ''] = made.filter((name) => name.endsWith('.template.json'));
    const [asset = ''] = made.filter((name) => name.startsWith('asset.'));
    const text = readFileSync(join(outdir, template), 'utf8');
    return { template: Template.fromString(text), code: join(outdir, asset), remove };
  } catch (thrown) {
    remove();
    throw thrown;
  }
}
