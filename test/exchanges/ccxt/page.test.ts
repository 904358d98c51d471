import { expect, it } from 'vitest';
import { compileProgram, programsOf } from '../page-program.js';

const [program = ''] = programsOf('ccxt.md');

it('the program of the page connects an exchange in less than 30 lines', () => {
  const lines = program.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.length).toBeLessThan(30);
});

it('the program of the page compiles with the types of ccxt', () => {
  expect(compileProgram(program, 'ccxt', 'ccxt')).toBe('');
}, 180_000);
