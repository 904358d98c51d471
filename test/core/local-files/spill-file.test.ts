import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSpill, parseSpill } from '../../../src/core/local-files/spill-file.js';
import { anySpill, sampleSpill } from './sample-spill.js';

const BITS = [1, 2, 4, 8, 16, 32, 64, 128];

describe('the format of a spill file', () => {
  it('gives back exactly what was written, whatever text it is', () => {
    fc.assert(
      fc.property(anySpill, (spill) => {
        expect(parseSpill(formatSpill(spill))).toStrictEqual(spill);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps record keys that are names of object properties, in their order', () => {
    const records = new Map([
      ['__proto__', '1'],
      ['9', '2'],
      ['1', '3'],
    ]);
    expect([...parseSpill(formatSpill(sampleSpill({ records }))).records]).toEqual([...records]);
  });

  it('recognises a file that ends early, at every length', () => {
    const bytes = formatSpill(sampleSpill());
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => parseSpill(bytes.subarray(0, length)), `${length} bytes`).toThrow();
    }
  });

  it('recognises each bit that is not as it was written', () => {
    const bytes = formatSpill(sampleSpill());
    for (let at = 0; at < bytes.length; at += 1) {
      for (const bit of BITS) {
        const damaged = Buffer.from(bytes);
        damaged.writeUInt8(damaged.readUInt8(at) ^ bit, at);
        expect(() => parseSpill(damaged), `byte ${at}, bit ${bit}`).toThrow();
      }
    }
  });

  it('reads what version 1 wrote: one batch of what changed last, without lineage and claims', () => {
    const text =
      'accountkeeper-spill 1 sha256:3597a22c49abd66db363d5ceb4db3f93f45910fe94b95d99cbeacc7afa048bd7 405\n' +
      '{"id":"spill-2","accountId":"account","writerId":"writer","fenced":false,"createdAtMs":17000000' +
      '00000,"base":{"revision":7,"writeId":"w7"},"follows":["spill-1"],"attempts":[{"writeId":"w8","e' +
      'xpected":{"revision":7,"writeId":"w7"},"batch":{"upserts":[["a","1"]],"deletes":["b"]}}],"newer' +
      '":{"upserts":[["c","2"]],"deletes":["d"]},"refused":[["e","3"]],"replayWriteId":"spill-2-replay' +
      '","records":[["a","1"]]}\n';
    expect(parseSpill(Buffer.from(text))).toMatchObject({
      id: 'spill-2',
      lineage: undefined,
      claims: [],
      base: { revision: 7, writeId: 'w7' },
      follows: ['spill-1'],
      attempts: [{ writeId: 'w8', batch: { upserts: new Map([['a', '1']]), deletes: new Set(['b']) } }],
      newer: [{ upserts: new Map([['c', '2']]), deletes: new Set(['d']) }],
      refused: new Map([['e', '3']]),
      unencodable: [],
      records: new Map([['a', '1']]),
    });
  });

  it.each([
    ['an appended byte', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('\n')])],
    ['two files in one', (bytes: Buffer) => Buffer.concat([bytes, bytes])],
    ['zeros of the same length', (bytes: Buffer) => Buffer.alloc(bytes.length)],
    ['a newer version', (bytes: Buffer) => Buffer.from(bytes.toString().replace('spill 2 ', 'spill 3 '))],
    ['another format', () => Buffer.from('{"hello":"world"}\n')],
  ])('refuses %s', (_, change) => {
    expect(() => parseSpill(change(formatSpill(sampleSpill())))).toThrow();
  });
});
