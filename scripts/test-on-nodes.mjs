// Runs the tests and the demo on each supported release of Node.js, fetched from the npm registry.
import { execFileSync } from 'node:child_process';

const RELEASES = ['20', '22', '24', '26'];
const COMMANDS = [
  ['node_modules/vitest/vitest.mjs', 'run'],
  ['--import', 'tsx', 'examples/demo/main.ts'],
];

for (const release of RELEASES) {
  for (const args of COMMANDS) {
    console.log(`== Node.js ${release}: ${args.join(' ')}`);
    execFileSync('npx', ['--yes', '-p', `node@${release}`, 'node', ...args], { stdio: 'inherit' });
  }
}
