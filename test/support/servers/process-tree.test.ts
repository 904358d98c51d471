import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { killTree, stopTree } from './process-tree.js';

it('has stopped every thread of a busy process when it returns', async () => {
  const busy = `
    const { Worker } = require('node:worker_threads');
    for (let n = 0; n < 3; n += 1) new Worker('for (;;);', { eval: true });
    console.log('busy');
    for (;;);
  `;
  const child = spawn(process.execPath, ['--eval', busy]);
  const { pid } = child;
  if (pid === undefined) throw new Error('it did not start');
  onTestFinished(() => void killTree(pid));
  await once(child.stdout, 'data');
  stopTree(pid);
  const states = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  });
  expect(states.length).toBeGreaterThan(3);
  expect(new Set(states)).toEqual(new Set(['T']));
});
