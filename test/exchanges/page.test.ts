import { expect, it } from 'vitest';
import { compileProgram, programsOf } from './page-program.js';

const programs = programsOf('README.md');
const SDKS = { bybit: 'bybit-api', binance: 'binance', okx: 'okx-api' };

it.each(Object.entries(SDKS))(
  'the program of the page for %s compiles with the types of its SDK',
  (adapter, sdk) => {
    const program = programs.find((each) => each.includes(`from '${sdk}'`)) ?? '';
    expect(program).toContain(`from 'accountkeeper/${adapter}'`);
    expect(compileProgram(program, adapter, sdk)).toBe('');
  },
  180_000,
);

it('the page has a program for each of them, of less than 25 lines', () => {
  expect(programs).toHaveLength(Object.keys(SDKS).length);
  for (const program of programs) expect(program.trimEnd().split('\n').length).toBeLessThan(25);
});
