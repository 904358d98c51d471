import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseSpill } from '../../../src/core/local-files/spill-file.js';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'accountkeeper-exit-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('process.exit() within a transaction', () => {
  it('spills nothing of the transaction, and everything before it', () => {
    const program = fileURLToPath(new URL('./fixtures/exits-in-transaction.ts', import.meta.url));
    const { status } = spawnSync(process.execPath, ['--import', 'tsx', program, directory]);
    expect(status).toBe(3);
    const [name = ''] = readdirSync(directory);
    const { newer, records } = parseSpill(readFileSync(join(directory, name)));
    const changed = newer.flatMap(({ upserts }) => [...upserts]);
    const before = [
      ['metadata/before', '1;json;{"n":1}'],
      ['metadata/both', '1;json;{"n":1}'],
    ];
    expect(changed).toEqual(before);
    expect([...records]).toEqual(before);
  });
});
