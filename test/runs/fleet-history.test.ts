import { describe, expect, it } from 'vitest';
import { FleetHistory } from './fleet-history.js';
import type { AccountView } from './harness/protocol.js';
import { stateAfter } from './harness/workload.js';

const ACCOUNT = 7;

/** What is stored after a step, each step made by whom `authorOf` names. */
function storedAfter(step: number, authorOf: (step: number) => string): AccountView {
  const symbols = [...stateAfter(step, ACCOUNT)].map(
    ([symbol, at]) => [symbol, { step: at, by: authorOf(at) }] as const,
  );
  return { last: { step, by: authorOf(step) }, symbols };
}

/** `a` owns the account from step 0 on, `b` from step 5 on. */
function handedOver(): FleetHistory {
  const history = new FleetHistory();
  history.owned(ACCOUNT, 'a', 0);
  history.acknowledges(ACCOUNT, 'a', 4);
  history.owned(ACCOUNT, 'b', 5);
  return history;
}

const authorOf = (step: number): string => (step <= 5 ? 'a' : 'b');

describe('the history of many accounts', () => {
  it('finds nothing where each owner goes on from what was acknowledged', () => {
    const history = handedOver();
    history.acknowledges(ACCOUNT, 'a', 5);
    history.acknowledges(ACCOUNT, 'b', 6);
    history.stored(ACCOUNT, storedAfter(7, authorOf));
    expect(history.findings).toEqual([]);
    expect(history).toMatchObject({ acknowledged: 3, takeOvers: 1 });
  });

  it('finds a change that was acknowledged, and that the next owner does not have', () => {
    const history = new FleetHistory();
    history.owned(ACCOUNT, 'a', 0);
    history.acknowledges(ACCOUNT, 'a', 6);
    history.owned(ACCOUNT, 'b', 5);
    expect(history.findings).toEqual(['account 7: lost: a had step 6 acknowledged, b restored step 5']);
  });

  it('finds a former owner that is acknowledged beside the next one', () => {
    const history = handedOver();
    history.acknowledges(ACCOUNT, 'a', 6);
    expect(history.findings).toEqual(['account 7: lost: a had step 6 acknowledged, b restored step 5']);
  });

  it('finds a change that was acknowledged, and is not stored at the end', () => {
    const history = handedOver();
    history.acknowledges(ACCOUNT, 'b', 8);
    history.stored(ACCOUNT, storedAfter(7, authorOf));
    expect(history.findings).toEqual(['account 7: lost: step 8 was acknowledged, stored is 7']);
  });

  it('finds what somebody wrote who did not own the account any more', () => {
    const history = handedOver();
    history.stored(
      ACCOUNT,
      storedAfter(7, () => 'a'),
    );
    expect(history.findings).toContain('account 7: two writers: step 7 is by a, not by b');
  });

  it('finds records that are not those of one step', () => {
    const history = handedOver();
    const { last, symbols } = storedAfter(7, authorOf);
    history.stored(ACCOUNT, { last, symbols: symbols.slice(1) });
    expect(history.findings).toEqual(['account 7: torn: what is stored is not step 7']);
  });

  it('finds an owner that nobody knew of', () => {
    const history = handedOver();
    history.acknowledges(ACCOUNT, 'c', 6);
    expect(history.findings).toEqual(['account 7: c writes, and has not said that it owns it']);
  });
});
