// Packs the package, installs the tarball into an empty project with the versions that the README names, and runs a
// restart there: what a user gets is what is tested.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inPackedProject, root } from './packed-project.mjs';

const WRITE = `
import { openAccount } from 'accountkeeper';
const account = await openAccount({ accountId: 'smoke', persistence: 'sqlite://./state.db' });
account.setSymbolMetadata('BTCUSDT', { entryCountLong: 1 });
await account.flush();
process.kill(process.pid, 'SIGKILL');
`;
const MISSING = `
import { createDriver } from 'accountkeeper';
const driver = createDriver(process.argv[2]);
driver.open().then(() => process.exit(1), (error) => console.log(error.code, error.message));
`;
const READ = `
const { openAccount, MemoryDriver } = require('accountkeeper');
const { SqliteDriver } = require('accountkeeper/drivers/sqlite');
const { RedisDriver } = require('accountkeeper/drivers/redis');
const { PostgresDriver } = require('accountkeeper/drivers/postgres');
const { BaseDriver } = require('accountkeeper/driver-kit');
const { contractClauses } = require('accountkeeper/contract');
(async () => {
  const account = await openAccount({ accountId: 'smoke', persistence: 'sqlite://./state.db' });
  const found = account.getSymbolMetadata('BTCUSDT')?.entryCountLong;
  await account.close();
  if (found !== 1 || contractClauses.length < 30 || [SqliteDriver, RedisDriver, PostgresDriver, MemoryDriver, BaseDriver].includes(undefined)) throw new Error('smoke test failed');
  console.log('restored after SIGKILL:', found);
})();
`;

inPackedProject({ name: 'smoke', type: 'module' }, ({ folder, tarball }) => {
  const run = (command, args) =>
    execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
  run('npm', ['install', '--no-audit', '--no-fund', tarball]);

  writeFileSync(join(folder, 'write.mjs'), WRITE);
  writeFileSync(join(folder, 'missing.mjs'), MISSING);
  for (const url of ['sqlite://./x.db', 'redis://localhost', 'postgres://localhost/x']) {
    const answer = run(process.execPath, ['missing.mjs', url]);
    if (!answer.startsWith('NOT_INSTALLED') || !answer.includes('npm install'))
      throw new Error(`unexpected: ${answer}`);
  }

  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const adapters = ['@keyv/sqlite', '@keyv/redis', '@keyv/postgres'];
  const versions = ['keyv@^5.6.0', ...adapters.map((name) => `${name}@^${devDependencies[name]}`)];
  run('npm', ['install', '--no-audit', '--no-fund', ...versions]);
  try {
    run(process.execPath, ['write.mjs']);
    throw new Error('the writer was expected to be killed');
  } catch (error) {
    if (error.signal !== 'SIGKILL') throw error;
  }
  writeFileSync(join(folder, 'read.cjs'), READ);
  process.stdout.write(run(process.execPath, ['read.cjs']));
  const report = JSON.parse(
    run('npx', ['--no-install', 'accountkeeper', 'contract', 'sqlite://./contract.db', '--json']),
  );
  if (report.ok !== true) throw new Error('the contract failed from the command line');
  process.stdout.write(run('npx', ['--no-install', 'accountkeeper', 'doctor', 'sqlite://./state.db']));
});
