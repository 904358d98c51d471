import { expect, it } from 'vitest';
import { compileProgram, programsOf } from '../page-program.js';

const [program = ''] = programsOf('ccxt.md');

it('the program of the page connects an exchange in about ten lines', () => {
  const lines = program.trimEnd().split('\n');
  expect(program).toContain('followCcxt(account, exchange');
  expect(lines.length).toBeLessThan(13);
});

it('the program of the page compiles with the types of ccxt', () => {
  expect(compileProgram(program, 'ccxt', 'ccxt')).toBe('');
}, 180_000);
