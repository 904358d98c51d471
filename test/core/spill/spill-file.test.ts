import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSpill, parseSpill } from '../../../src/core/spill/spill-file.js';
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

  it.each([
    ['an appended byte', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('\n')])],
    ['two files in one', (bytes: Buffer) => Buffer.concat([bytes, bytes])],
    ['zeros of the same length', (bytes: Buffer) => Buffer.alloc(bytes.length)],
    ['a newer version', (bytes: Buffer) => Buffer.from(bytes.toString().replace('spill 1 ', 'spill 2 '))],
    ['another format', () => Buffer.from('{"hello":"world"}\n')],
  ])('refuses %s', (_, change) => {
    expect(() => parseSpill(change(formatSpill(sampleSpill())))).toThrow();
  });
});
