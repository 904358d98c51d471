import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const dist = join(root, 'dist');

/** Runs a module in a process of its own, where Node.js itself loads the package, and reads what it prints. */
function printed(code: string): unknown {
  const args = ['--input-type=module', '--eval', code];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }));
}

describe('the published files', () => {
  it('have each source in one place only', () => {
    const maps = readdirSync(dist, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js.map'))
      .map((name) => join(dist, name));
    const sources = maps.flatMap((map) =>
      (JSON.parse(readFileSync(map, 'utf8')) as { readonly sources: readonly string[] }).sources.map((source) =>
        resolve(dirname(map), source),
      ),
    );

    expect(sources).toContain(join(root, 'src/core/errors.ts'));
    expect([...sources].sort()).toEqual([...new Set(sources)].sort());
  });

  it('have one class of errors, one of drivers, and one of stores', () => {
    const result = printed(`
      import { AccountKeeperError, AccountStateStore, createDriver } from 'accountkeeper';
      import { AccountStateStore as DropIn } from 'accountkeeper/accountstate';
      import { BaseDriver } from 'accountkeeper/driver-kit';
      import { PostgresDriver } from 'accountkeeper/drivers/postgres';
      import { RedisDriver } from 'accountkeeper/drivers/redis';
      import { SqliteDriver } from 'accountkeeper/drivers/sqlite';
      const drivers = [SqliteDriver, RedisDriver, PostgresDriver];
      const made = ['sqlite::memory:', 'redis://localhost', 'postgres://localhost/x'].map((url) => createDriver(url));
      const thrown = drivers.map((Driver) => {
        try { return new Driver({ unknown: 1 }); } catch (error) { return error; }
      });
      console.log(JSON.stringify({
        errors: thrown.map((error) => error instanceof AccountKeeperError),
        drivers: made.map((driver, index) => driver instanceof BaseDriver && driver instanceof drivers[index]),
        store: DropIn.prototype instanceof AccountStateStore,
      }));`);

    expect(result).toEqual({ errors: [true, true, true], drivers: [true, true, true], store: true });
  });

  it('are the same for require and for import', () => {
    const result = printed(`
      import { readFileSync } from 'node:fs';
      import { createRequire } from 'node:module';
      const require = createRequire(process.cwd() + '/');
      const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
      const names = Object.keys(exports).filter((path) => exports[path].default).map((path) => 'accountkeeper' + path.slice(1));
      const different = [];
      for (const name of names) {
        const [imported, required] = [await import(name), require(name)];
        for (const key of Object.keys(imported)) if (imported[key] !== required[key]) different.push(name + ': ' + key);
      }
      console.log(JSON.stringify({ count: names.length, different }));`);

    expect(result).toEqual({ count: 11, different: [] });
  });
});
