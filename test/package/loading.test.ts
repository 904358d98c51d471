import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.js';
import { loadedScripts } from './loaded-scripts.js';

const OWN = /^dist\//;
const isFile = (script: string): boolean => !script.startsWith('node:');

/** The packages that files were loaded from. */
function packagesOf(scripts: readonly string[]): readonly string[] {
  const names = scripts.map((script) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(script)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

describe('import of accountkeeper', () => {
  const scripts = loadedScripts("await import('accountkeeper');");

  it('loads two files, and none of another package', () => {
    expect(scripts.filter(isFile).sort()).toEqual(['dist/src/index.js', 'dist/src/library.js']);
  });

  it('loads no TLS', () => {
    expect(scripts).toContain('node:crypto');
    expect(scripts).not.toContain('node:tls');
  });
});

describe('import of another entry', () => {
  it.each([
    ['drivers/sqlite', ['dist/src/drivers/sqlite/driver.js', 'dist/src/library.js']],
    ['drivers/redis', ['dist/src/drivers/redis/driver.js', 'dist/src/library.js']],
    ['drivers/postgres', ['dist/src/drivers/postgres/driver.js', 'dist/src/library.js']],
    ['driver-kit', ['dist/src/driver-kit.js', 'dist/src/library.js']],
    ['accountstate', ['dist/src/compat/accountstate/index.js', 'dist/src/library.js']],
    ['contract', ['dist/src/library.js', 'dist/test/contract/index.js', 'dist/test/contract/suite.js']],
    ['bybit', ['dist/src/exchanges/bybit/index.js', 'dist/src/exchanges/shared.js']],
    ['binance', ['dist/src/exchanges/binance/index.js', 'dist/src/exchanges/shared.js']],
    ['okx', ['dist/src/exchanges/okx/index.js', 'dist/src/exchanges/shared.js']],
    ['ccxt', ['dist/src/exchanges/ccxt/index.js', 'dist/src/exchanges/shared.js']],
  ])('loads its file and what it shares with others: accountkeeper/%s', (entry, files) => {
    const scripts = loadedScripts(`await import('accountkeeper/${entry}');`);
    expect(scripts.filter((script) => OWN.test(script)).sort()).toEqual(files);
  });
});

describe('a driver', () => {
  it('loads its adapter when it is opened, and not before', () => {
    const made = "import { createDriver } from 'accountkeeper'; const driver = createDriver('sqlite::memory:');";
    expect(packagesOf(loadedScripts(made))).not.toContain('sqlite3');
    expect(packagesOf(loadedScripts(`${made} await driver.open(); await driver.close();`))).toContain('sqlite3');
  });
});

describe('closeOnSignals', () => {
  it('loads what listens to signals when it is called', () => {
    const code = "import { closeOnSignals } from 'accountkeeper'; closeOnSignals([]).uninstall();";
    expect(packagesOf(loadedScripts(code))).toEqual(['close-with-grace']);
  });
});

describe("a user's bundle", () => {
  it('is made of the package alone', async () => {
    const dist = resolve(import.meta.dirname, '../../dist');
    const input = join(temporaryFolder('bundle'), 'bot.js');
    writeFileSync(input, "import { openAccount } from 'accountkeeper'; console.log(openAccount);");
    const bundle = await rolldown({
      input,
      platform: 'node',
      external: /^@keyv\//,
      resolve: { alias: { accountkeeper: join(dist, 'src/index.js') } },
    });
    const { output } = await bundle.generate();
    await bundle.close();

    const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
    expect(modules).toContain(join(dist, 'src/library.js'));
    expect(modules.filter((id) => id.includes('node_modules'))).toEqual([]);
  });
});
