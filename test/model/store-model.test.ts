import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AccountModel } from './account-model.js';
import { AccountUnderTest } from './account-under-test.js';
import { accountCommands, converge } from './commands.js';

const RUNS = 1_000;
const COMMANDS = 50;

it(`store and scheduler keep every promise through ${RUNS} runs of up to ${COMMANDS} commands`, {
  timeout: 300_000,
}, async () => {
  let commandsRun = 0;
  const property = fc.asyncProperty(
    fc.commands(accountCommands, { maxCommands: COMMANDS, size: 'max' }),
    async (commands) => {
      const model = new AccountModel();
      const account = new AccountUnderTest(model);
      model.restartFrom(await account.restore());
      model.phase = 'open';
      await fc.asyncModelRun(() => ({ model, real: account }), commands);
      await converge(model, account);
      commandsRun += 1;
    },
  );
  const details = await fc.check(property, { numRuns: RUNS, endOnFailure: false });
  expect(details.failed, fc.defaultReportMessage(details)).toBe(false);
  expect(commandsRun).toBe(RUNS);
});
