/**
 * `npm run images`: runs the demo, and draws its output as docs/images/demo.svg. With `--series FILE`, draws the ages
 * that a run of restarts has recorded as docs/images/restarts.svg.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { agePlotSvg, readAgeSeries } from './age-plot-svg.js';
import { terminalSvg } from './terminal-svg.js';

const root = resolve(import.meta.dirname, '../..');
const SESSION = ['--input', 'examples/demo/session/bybit-v5.ndjson'];

const { series } = parseArgs({ options: { series: { type: 'string' } } }).values;
if (series !== undefined) write('restarts.svg', agePlotSvg(readAgeSeries(readFileSync(series, 'utf8'))));
const demo = ['--import', 'tsx', 'examples/demo/main.ts', ...SESSION];
const output = execFileSync(process.execPath, demo, { cwd: root, encoding: 'utf8' });
write('demo.svg', terminalSvg(`npm run demo -- ${SESSION.join(' ')}`, output));

function write(name: string, image: string): void {
  writeFileSync(resolve(root, 'docs/images', name), image);
  console.log(`docs/images/${name}`);
}
