import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AccountModel } from './account-model.js';
import { AccountUnderTest } from './account-under-test.js';
import { accountCommands, converge } from './commands.js';

const RUNS = 4_000;
const MAX_COMMANDS = 60;

it('store and scheduler keep every promise, whatever fails', { timeout: 300_000 }, async () => {
  let commandsRun = 0;
  const property = fc.asyncProperty(
    fc.commands(accountCommands, { maxCommands: MAX_COMMANDS, size: 'max' }),
    async (commands) => {
      const model = new AccountModel();
      const account = new AccountUnderTest(model);
      model.restartFrom(await account.restore());
      model.phase = 'open';
      await fc.asyncModelRun(() => ({ model, real: account }), commands);
      await converge(model, account);
      commandsRun += account.checks;
    },
  );
  // The seed is part of the report of a failure, and `fc.check(property, { seed, path })` repeats it.
  const details = await fc.check(property, { numRuns: RUNS, includeErrorInReport: true });
  expect(details.failed, fc.defaultReportMessage(details)).toBe(false);
  expect(details.numRuns).toBe(RUNS);
  expect(commandsRun).toBeGreaterThan(1_000 * 50);
});
