// Compiles a CommonJS program against the packed package, strictly and with every way in which TypeScript looks for
// types, by the oldest version that can, the last one with `node10` and the newest, and runs what came out.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inPackedProject } from './packed-project.mjs';

const PROGRAM = `
import { AccountStateStore as Drop, getUnrealisedPnl, type EngineOrder, type EngineSimplePosition } from 'accountkeeper/accountstate';
import { AccountStateStore, AccountKeeperError, MemoryDriver, isAccountKeeperError, openAccount, type StoreListener } from 'accountkeeper';
import { BaseDriver, type BackendConnection } from 'accountkeeper/driver-kit';
import { SqliteDriver } from 'accountkeeper/drivers/sqlite';
import type { ContractOptions } from 'accountkeeper/contract';

interface Notes { count: number }

class Mine extends Drop<Notes> {
  readonly told: string[] = [];
  override upsertActiveOrder(order: EngineOrder): void {
    this.told.push(order.exchangeOrderId);
    super.upsertActiveOrder(order);
  }
}
abstract class MyDriver extends BaseDriver {
  protected abstract override connect(): Promise<BackendConnection>;
}
const onFlushed: StoreListener<'flushed'> = ({ revision }) => console.error(revision.toFixed());
const describe = (store: Drop<Notes>, positions: EngineSimplePosition[]): number | undefined =>
  getUnrealisedPnl(positions) + (store.getSymbolMetadata('BTCUSDT')?.count ?? 0);
async function main(options?: ContractOptions): Promise<void> {
  const mine = new Mine();
  mine.setSymbolMetadata('BTCUSDT', { count: 1 });
  // @ts-expect-error not a number
  mine.setSymbolMetadata('ETHUSDT', { count: 'one' });
  const account: AccountStateStore<Notes> = await openAccount<Notes>({ accountId: 'main', persistence: new MemoryDriver() });
  account.on('closed', () => undefined).off('flushed', onFlushed).setSymbolMetadata('BTCUSDT', { count: 2 });
  await account.close();
  const thrown: unknown = new AccountKeeperError('CLOSED', 'closed');
  const code = isAccountKeeperError(thrown) ? thrown.code : undefined;
  const classes = [mine instanceof Drop, account instanceof AccountStateStore, SqliteDriver.name, MyDriver.name];
  console.log(JSON.stringify([describe(mine, []), code, ...classes, options]));
}
void main();
`;
const EXPECTED = '[1,"CLOSED",true,true,"SqliteDriver","MyDriver",null]\n';

/** TypeScript 5.3 is the first that finds the types of an ES module from CommonJS. */
const OLDEST = '5.3';
const SETTINGS = {
  node16: '--module node16',
  node10: '--module commonjs --moduleResolution node10',
  bundler: '--module esnext --moduleResolution bundler --noEmit',
  nodenext: '--module nodenext',
};

inPackedProject({ name: 'commonjs' }, ({ folder, tarball }) => {
  const run = (command, args) =>
    execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
  writeFileSync(join(folder, 'program.ts'), PROGRAM);
  for (const version of [OLDEST, '5', 'latest']) {
    run('npm', ['install', '--no-audit', '--no-fund', tarball, '@types/node@20', `typescript@${version}`]);
    for (const [name, settings] of Object.entries(SETTINGS)) {
      // TypeScript 7 no longer has it.
      if (name === 'node10' && version === 'latest') continue;
      const options = `--strict --target es2022 --types node --outDir out ${settings}`;
      try {
        run('npx', ['--no-install', 'tsc', ...options.split(' '), 'program.ts']);
      } catch (error) {
        throw new Error(`TypeScript ${version}, ${name}:\n${error.stdout}`);
      }
      if (!settings.includes('--noEmit')) {
        const printed = run(process.execPath, [join('out', 'program.js')]);
        if (printed !== EXPECTED) throw new Error(`${name}: expected ${EXPECTED}, received ${printed}`);
      }
      process.stdout.write(`TypeScript ${version}, ${name}: ok\n`);
    }
  }
});
