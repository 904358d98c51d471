// Does what the README's first screen says, word for word, as somebody new does it: in an empty folder, with the packed
// package in place of the registry's name. Then the lines for other runtimes and bundlers, and the TypeScript versions.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inPackedProject, root } from './packed-project.mjs';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The text of the README at a place. */
function said(pattern) {
  const [, text] = pattern.exec(readme) ?? [];
  if (text === undefined) throw new Error(`README.md: expected ${pattern}, received nothing like it`);
  return text;
}

const install = said(/```sh\n(npm install accountkeeper .*)\n```/);
const quickstart = said(/<!-- quickstart[^>]*-->\n```ts\n(.*?)```/s);
const durability = said(/<!-- durability[^>]*-->\n```ts\n(.*?)```/s);
const node = said(/run it twice with `(.*?)`/);
const bun = said(/^- Bun: `(.*?)`/m);
const deno = said(/^- Deno: `(.*?)`/m);
const commonJs = said(/^- CommonJS: `(.*?)`/m);
const bundle = said(/^- Bundlers: .*`(esbuild .*?)`/m);
const oldest = said(/^- TypeScript (\d+\.\d+) or later/m);

inPackedProject({}, ({ folder, tarball }) => {
  /** Runs a line of a shell in the user's folder. A tool that it needs is installed into a folder of its own. */
  const sh = (line, tool) => {
    const PATH = tool === undefined ? process.env.PATH : `${installed(tool)}:${process.env.PATH}`;
    const env = { ...process.env, PATH, npm_config_yes: 'true' };
    return execFileSync('sh', ['-c', line], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
    });
  };
  const installed = (tool) => {
    const tools = join(folder, 'tools', tool);
    mkdirSync(tools, { recursive: true });
    // Their programs are packages themselves, and need nothing from elsewhere. Bun's has to be put in its place.
    const options = ['--prefix', tools, '--no-audit', '--no-fund', '--ignore-scripts'];
    execFileSync('npm', ['install', ...options, tool], { stdio: ['ignore', 'ignore', 'inherit'] });
    if (tool === 'bun') execFileSync(process.execPath, [join(tools, 'node_modules/bun/install.js')]);
    return join(tools, 'node_modules/.bin');
  };
  let runs = 0;
  /** Each run has to count on from the one before, whatever ran that. */
  const expectRun = (line, tool) => {
    runs += 1;
    const printed = sh(line, tool);
    const expected = `entries so far: ${runs}\n`;
    if (printed !== expected) {
      throw new Error(`${line}: expected ${JSON.stringify(expected)}, received ${JSON.stringify(printed)}`);
    }
    process.stdout.write(`${line}: ${printed}`);
  };

  sh(install.replace(' accountkeeper ', ` ${tarball} `));
  writeFileSync(join(folder, 'bot.mts'), quickstart);
  writeFileSync(join(folder, 'enter.mts'), durability);
  expectRun(node);
  expectRun(node);
  writeFileSync(join(folder, 'check.cjs'), `${commonJs}\nif (typeof openAccount !== 'function') process.exit(1);`);
  sh('node check.cjs');
  process.stdout.write(`${commonJs}: ok\n`);
  sh(`${bundle} --format=esm --outfile=bundled.mjs bot.mts`, 'esbuild');
  expectRun('node bundled.mjs');
  expectRun(bun, 'bun');
  expectRun(deno, 'deno');
  sh('npm install --no-audit --no-fund --save-dev @types/node@20');
  for (const version of [oldest, 'latest']) {
    const options = '--noEmit --strict --module nodenext --target es2022 --types node';
    sh(`tsc ${options} bot.mts enter.mts`, `typescript@${version}`);
    process.stdout.write(`TypeScript ${version}: the code compiles\n`);
  }
});
