// Installs the packed library into a copy of examples/custom-driver, and runs the contract suite there: whoever copies
// the example gets a driver that is proven against what is published, not against the sources.
// Usage: node scripts/test-custom-driver.mjs [tarball]. Without a tarball it packs what `npm run build` made.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'accountkeeper-custom-driver-'));
const project = join(folder, 'project');

function run(command, args, cwd) {
  const { status, signal, stdout, error } = spawnSync(command, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
  });
  if (error !== undefined) throw error;
  if (status === 0) return stdout;
  process.stdout.write(stdout);
  throw new Error(`${command} ${args.join(' ')} ended with ${signal ?? `exit code ${status}`}`);
}

function packed() {
  const [, , given] = process.argv;
  if (given !== undefined) return resolve(given);
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [{ filename }] = JSON.parse(run('npm', args, root));
  return join(folder, filename);
}

/** The line that test/contract.test.js prints at the end. */
function reportIn(output) {
  const pattern =
    /conformance level: (?<level>\S+) \(claimed: (?<claimed>\S+); clauses: (?<passed>\d+) passed, (?<failed>\d+) failed/;
  const { level, claimed, passed, failed } = pattern.exec(output)?.groups ?? {};
  return { level, claimed, passed: Number(passed), failed: Number(failed) };
}

try {
  const tarball = packed();
  cpSync(join(root, 'examples/custom-driver'), project, {
    recursive: true,
    filter: (path) => basename(path) !== 'node_modules',
  });
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  run('npm', ['install', '--no-audit', '--no-fund', tarball, `keyv@${dependencies.keyv}`], project);
  const output = run('npm', ['test'], project);
  const report = reportIn(output);
  if (report.level !== 'safe' || report.claimed !== 'safe' || report.failed !== 0 || !(report.passed > 0)) {
    process.stdout.write(output);
    throw new Error(`expected the level safe and no failed clause, saw ${JSON.stringify(report)}`);
  }
  console.log(`custom driver: level ${report.level}, ${report.passed} clauses passed, ${report.failed} failed`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
