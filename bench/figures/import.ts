import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadedScripts } from '../../test/package/loaded-scripts.js';
import { range } from '../data.js';
import type { Figure, Row } from '../figure.js';
import { median } from '../measuring/statistics.js';

const FLOOR_MODULE = './empty.mjs';

/** How long the import of the packed tarball takes in a new process, in turns with an empty module. */
export const importing: Figure = {
  name: 'import',
  title: "import('accountkeeper') in a new process",
  run: async (bench) => {
    const projects = bench.versions.map((version) => ({ name: version.name, folder: version.project() }));
    const [present] = projects;
    if (present === undefined) throw new Error('no version was packed');
    writeFileSync(join(present.folder, FLOOR_MODULE), 'export const empty = true;');
    const subjects = [
      ...projects.map((project) => ({ ...project, module: 'accountkeeper' })),
      { ...present, name: 'an empty module', module: FLOOR_MODULE },
    ].map((subject) => ({ ...subject, times: [] as number[] }));
    for (const _ of range(bench.quick ? 5 : 30)) {
      for (const { folder, module, times } of subjects) times.push(importMs(folder, module));
    }
    const medians = subjects.map(({ name, times }) => ({ side: name, median: median(times) }));
    const [ours = { side: '', median: Number.NaN }] = medians;
    const asked = { atMost: 30 };
    const rows: Row[] = [
      { claim: 'import', at: '', value: ours.median, unit: 'ms', asked, sides: medians, sidesUnit: 'ms' },
      ...projects.map(({ name, folder }): Row => {
        const files = loadedScripts(`await import('accountkeeper');`, folder).filter(
          (file) => !file.startsWith('node:'),
        );
        return { claim: 'files that an import loads', at: name, value: files.length, unit: 'count' };
      }),
    ];
    return { rows };
  },
};

function importMs(folder: string, module: string): number {
  const code = `const start = performance.now(); await import('${module}'); console.log(performance.now() - start);`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', code], { cwd: folder }));
}
