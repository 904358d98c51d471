import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseSpill } from '../../../src/core/local-files/spill-file.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

let directory = '';

beforeEach(() => {
  directory = temporaryFolder('exit');
});

describe('process.exit() within a transaction', () => {
  it('spills nothing of the transaction, and everything before it', () => {
    const program = fileURLToPath(new URL('./fixtures/exits-in-transaction.ts', import.meta.url));
    const { status } = spawnSync(process.execPath, ['--import', 'tsx', program, directory]);
    expect(status).toBe(3);
    const [name = ''] = readdirSync(directory);
    const { newer, records } = parseSpill(readFileSync(join(directory, name)));
    const changed = newer.flatMap(({ upserts }) => [...upserts]);
    const before = [
      ['metadata/before', '{"v":1,"c":"json","d":{"n":1}}'],
      ['metadata/both', '{"v":1,"c":"json","d":{"n":1}}'],
    ];
    expect(changed).toEqual(before);
    expect([...records]).toEqual(before);
  });
});
