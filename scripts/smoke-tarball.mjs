// Packs the package, installs the tarball into an empty project with the versions that the README names, and runs a
// restart there: what a user gets is what is tested.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'accountkeeper-smoke-'));
const run = (command, args, options = {}) =>
  execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', ...options });

const WRITE = `
import { openAccount } from 'accountkeeper';
const account = await openAccount({ accountId: 'smoke', persistence: 'sqlite://./state.db' });
account.setSymbolMetadata('BTCUSDT', { entryCountLong: 1 });
await account.flush();
process.kill(process.pid, 'SIGKILL');
`;
const READ = `
const { openAccount, MemoryDriver } = require('accountkeeper');
const { SqliteDriver } = require('accountkeeper/drivers/sqlite');
const { contractClauses } = require('accountkeeper/contract');
(async () => {
  const account = await openAccount({ accountId: 'smoke', persistence: 'sqlite://./state.db' });
  const found = account.getSymbolMetadata('BTCUSDT')?.entryCountLong;
  await account.close();
  if (found !== 1 || contractClauses.length < 30 || !SqliteDriver || !MemoryDriver) throw new Error('smoke test failed');
  console.log('restored after SIGKILL:', found);
})();
`;

try {
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root }));
  const { devDependencies, allowScripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const project = { name: 'smoke', private: true, type: 'module', allowScripts: { sqlite3: allowScripts.sqlite3 } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(project));
  run('npm', ['install', '--no-audit', '--no-fund', `./${filename}`]);

  writeFileSync(join(folder, 'write.mjs'), WRITE);
  const missing = `
    import { createDriver } from 'accountkeeper';
    createDriver('sqlite://./x.db').open().then(() => process.exit(1), (error) => console.log(error.code, error.message));
  `;
  writeFileSync(join(folder, 'missing.mjs'), missing);
  const answer = run(process.execPath, ['missing.mjs']);
  if (!answer.startsWith('NOT_INSTALLED') || !answer.includes('npm install')) throw new Error(`unexpected: ${answer}`);

  const versions = ['keyv@^5.6.0', `@keyv/sqlite@^${devDependencies['@keyv/sqlite']}`];
  run('npm', ['install', '--no-audit', '--no-fund', ...versions]);
  try {
    run(process.execPath, ['write.mjs']);
    throw new Error('the writer was expected to be killed');
  } catch (error) {
    if (error.signal !== 'SIGKILL') throw error;
  }
  writeFileSync(join(folder, 'read.cjs'), READ);
  process.stdout.write(run(process.execPath, ['read.cjs']));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
