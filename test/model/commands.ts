import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isAccountKeeperError } from '../../src/core/errors.js';
import { settle } from '../support/fake-clock.js';
import type { CommitFault } from '../support/scripted-driver.js';
import type { AccountModel } from './account-model.js';
import type { AccountUnderTest } from './account-under-test.js';

type Command = fc.AsyncCommand<AccountModel, AccountUnderTest>;

/** Once everything is over, the backend answers and everything arrives: what was changed must be durable. */
const LONG_MS = 1_800_000;

/** An attempt may take up to a minute once some have timed out: the one that is in flight, then the one of `flush()`. */
const FLUSHED_WITHIN_MS = 125_000;

function command(name: string, phase: AccountModel['phase'], run: Command['run']): Command {
  return {
    check: (model) => model.phase === phase,
    run: async (model, account) => {
      await run(model, account);
      await settle();
      account.check();
    },
    toString: () => name,
  };
}

const change = (symbol: string, value: number | undefined): Command =>
  command(`change(${symbol}, ${value})`, 'open', async (model, account) => {
    model.change(symbol, value);
    account.change(symbol, value);
  });

const changeUnwritable = (): Command =>
  command('changeUnwritable', 'open', async (model, account) => {
    model.hasUnwritable = true;
    account.store.setSymbolMetadata('BAD', { value: Number.NaN });
  });

const repairUnwritable = (): Command =>
  command('repairUnwritable', 'open', async (model, account) => {
    model.hasUnwritable = false;
    account.store.setSymbolMetadata('BAD', { value: 0 });
  });

const tick = (ms: number): Command =>
  command(`tick(${ms})`, 'open', async (_, account) => {
    await account.clock.advance(ms);
  });

const fault = (kind: CommitFault & string): Command =>
  command(`fault(${kind})`, 'open', async (_, account) => {
    account.fault(kind);
  });

const deliverLate = (): Command =>
  command('deliverLate', 'open', async (_, account) => {
    await account.deliverLate();
  });

const deliverLateToNobody = (): Command =>
  command('deliverLate after the crash', 'crashed', async (_, account) => {
    await account.deliverLate();
  });

const flush = (): Command =>
  command('flush', 'open', async (model, account) => {
    const { step } = model;
    const outcome = account.store.flush().then(
      () => 'flushed',
      (error: unknown) => (isAccountKeeperError(error) ? error.code : error),
    );
    let isSettled = false;
    void outcome.finally(() => {
      isSettled = true;
    });
    for (let waitedMs = 0; !isSettled && waitedMs < FLUSHED_WITHIN_MS; waitedMs += 2_500) {
      await account.clock.advance(2_500);
    }
    assert.ok(isSettled, 'flush() did not settle');
    const result = await outcome;
    if (result === 'flushed') {
      assert.ok(model.acknowledged >= step, 'flush() resolved before everything was acknowledged');
      assert.ok(!model.hasUnwritable, 'flush() resolved though a record cannot be written');
    } else {
      assert.ok(['UNAVAILABLE', 'TIMEOUT', 'ENCODE', 'TOO_LARGE', 'CORRUPT'].includes(String(result)), String(result));
    }
  });

const crash = (): Command =>
  command('crash', 'open', async (model, account) => {
    account.crash();
    model.phase = 'crashed';
  });

const restore = (): Command =>
  command('restore', 'crashed', async (model, account) => {
    model.restartFrom(await account.restore());
    model.phase = 'open';
  });

const close = (): Command =>
  command('close', 'open', async (model, account) => {
    const { step } = model;
    const outcome = account.store.close({ timeoutMs: 3_000 }).then(
      () => 'closed',
      (error: unknown) => (isAccountKeeperError(error) ? error.code : error),
    );
    await account.clock.advance(5_000);
    const result = await outcome;
    if (result === 'closed') assert.ok(model.acknowledged >= step, 'close() resolved with unacknowledged changes');
    else assert.equal(result, 'UNPERSISTED');
    assert.equal(account.clock.armed, 0, 'a timer outlived close()');
    account.crash();
    model.phase = 'crashed';
  });

/** Ends every run: with the backend well again, everything that was changed last becomes durable. */
export async function converge(model: AccountModel, account: AccountUnderTest): Promise<void> {
  if (model.phase === 'open') {
    await account.clock.advance(LONG_MS);
    await account.deliverLate();
    assert.equal(model.acknowledged, model.step, 'the last change never became durable');
    assert.equal(account.store.isPendingPersist(), model.hasUnwritable);
    account.check();
  }
  account.crash();
  await account.deliverLate();
  model.restartFrom(await account.restore());
}

const symbols = fc.constantFrom('A', 'B', 'C', '__proto__');

export const accountCommands: fc.Arbitrary<Command>[] = [
  fc.tuple(symbols, fc.integer({ min: 0, max: 3 })).map(([symbol, value]) => change(symbol, value)),
  fc.tuple(symbols, fc.integer({ min: 0, max: 3 })).map(([symbol, value]) => change(symbol, value)),
  symbols.map((symbol) => change(symbol, undefined)),
  fc.constantFrom(1, 20, 50, 100, 300, 1_200).map(tick),
  fc.constantFrom(1, 20, 50, 100, 300, 1_200).map(tick),
  fc
    .constantFrom('refuse', 'lose-reply', 'lose-request', 'late', 'hang', 'unbranded', 'broken')
    .map((kind) => fault(kind as CommitFault & string)),
  fc.constant(deliverLate()),
  fc.constant(deliverLateToNobody()),
  fc.constant(flush()),
  fc.constant(crash()),
  fc.constant(restore()),
  fc.constant(restore()),
  fc.constant(close()),
  fc.constant(changeUnwritable()),
  fc.constant(repairUnwritable()),
];
