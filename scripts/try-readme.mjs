// Does what the README's first screen says, word for word, as somebody new does it: in an empty folder, with the packed
// package in place of the registry's name. Then the lines for other runtimes and bundlers, and the TypeScript versions.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'accountkeeper-readme-'));
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

/** Runs a line of a shell in the user's folder. What packages bring along for themselves is a folder of its own. */
function sh(line, packages = []) {
  const tools = packages.length === 0 ? undefined : toolFolder(packages);
  const PATH = tools === undefined ? process.env.PATH : `${join(tools, 'node_modules/.bin')}:${process.env.PATH}`;
  return execFileSync('sh', ['-c', line], {
    cwd: join(folder, 'project'),
    env: { ...process.env, PATH, npm_config_yes: 'true' },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
}

function toolFolder(packages) {
  const tools = join(folder, packages.join('+').replaceAll('/', '-'));
  mkdirSync(tools, { recursive: true });
  // Their programs are packages themselves, and need nothing from elsewhere. Bun's has to be put in its place.
  const options = ['--prefix', tools, '--no-audit', '--no-fund', '--ignore-scripts'];
  execFileSync('npm', ['install', ...options, ...packages], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (packages.includes('bun')) execFileSync(process.execPath, [join(tools, 'node_modules/bun/install.js')]);
  return tools;
}

let runs = 0;

/** Each run has to count on from the one before, whatever ran that. */
function expectRun(line, packages) {
  runs += 1;
  const printed = sh(line, packages);
  const expected = `entries so far: ${runs}\n`;
  if (printed !== expected) {
    throw new Error(`${line}: expected ${JSON.stringify(expected)}, received ${JSON.stringify(printed)}`);
  }
  process.stdout.write(`${line}: ${printed}`);
}

try {
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, encoding: 'utf8' });
  const [{ filename }] = JSON.parse(packed);
  mkdirSync(join(folder, 'project'));
  // Newer versions of npm run an install script only where the project approves of it, as docs/choosing-a-backend.md says.
  const { allowScripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const project = { private: true, allowScripts: { sqlite3: allowScripts.sqlite3 } };
  writeFileSync(join(folder, 'project/package.json'), JSON.stringify(project));
  sh(install.replace(' accountkeeper ', ` ../${filename} `));
  writeFileSync(join(folder, 'project/bot.mts'), quickstart);
  writeFileSync(join(folder, 'project/enter.mts'), durability);
  expectRun(node);
  expectRun(node);
  writeFileSync(
    join(folder, 'project/check.cjs'),
    `${commonJs}\nif (typeof openAccount !== 'function') process.exit(1);`,
  );
  sh('node check.cjs');
  process.stdout.write(`${commonJs}: ok\n`);
  sh(`${bundle} --format=esm --outfile=bundled.mjs bot.mts`, ['esbuild']);
  expectRun('node bundled.mjs');
  expectRun(bun, ['bun']);
  expectRun(deno, ['deno']);
  sh('npm install --no-audit --no-fund --save-dev @types/node@20');
  for (const version of [oldest, 'latest']) {
    const options = '--noEmit --strict --module nodenext --target es2022 --types node';
    sh(`tsc ${options} bot.mts enter.mts`, [`typescript@${version}`]);
    process.stdout.write(`TypeScript ${version}: the code compiles\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
