/** Exchange time at which the entries of these tests changed. */
export const CHANGED_MS = 1_767_225_600_000;

type Overrides = Readonly<Record<string, unknown>>;

/** An entry of a position: two contracts long, cross, in net mode. */
export function positionEntry(overrides: Overrides = {}): Overrides {
  return {
    ...{
      instType: 'SWAP',
      instId: 'BTC-USDT-SWAP',
      mgnMode: 'cross',
      posSide: 'net',
      pos: '2',
      posCcy: '',
      ccy: 'USDT',
    },
    ...{
      avgPx: '60000',
      lever: '10',
      liqPx: '54000',
      margin: '',
      imr: '120',
      upl: '5',
      notionalUsd: '1205',
      usdPx: '1',
    },
    ...{ uTime: String(CHANGED_MS), pTime: String(CHANGED_MS + 500), closeOrderAlgo: [] },
    ...overrides,
  };
}

/** An entry of an order: a live limit order for two contracts, cross, in net mode. */
export function orderEntry(overrides: Overrides = {}): Overrides {
  return {
    ...{ instType: 'SWAP', instId: 'BTC-USDT-SWAP', tdMode: 'cross', posSide: 'net', side: 'buy', ordType: 'limit' },
    ...{ ordId: '1', clOrdId: '', state: 'live', px: '59000', sz: '2', accFillSz: '0', avgPx: '', tgtCcy: '' },
    ...{ reduceOnly: 'false', cTime: String(CHANGED_MS), uTime: String(CHANGED_MS) },
    ...overrides,
  };
}

/** An entry of an algo order: a stop loss at the market price for two contracts. */
export function algoOrderEntry(overrides: Overrides = {}): Overrides {
  return {
    ...{
      instType: 'SWAP',
      instId: 'BTC-USDT-SWAP',
      tdMode: 'cross',
      posSide: 'net',
      side: 'sell',
      ordType: 'conditional',
    },
    ...{ algoId: '1', algoClOrdId: '', state: 'live', sz: '2', closeFraction: '', slTriggerPx: '55000', slOrdPx: '-1' },
    ...{ tpTriggerPx: '', tpOrdPx: '', reduceOnly: 'true', cTime: String(CHANGED_MS), uTime: String(CHANGED_MS) },
    ...overrides,
  };
}

/** An entry of an account, with a cash balance for each currency. */
export function accountEntry(balances: Readonly<Record<string, string>>): Overrides {
  const details = Object.entries(balances).map(([ccy, cashBal]) => ({ ccy, cashBal, uTime: String(CHANGED_MS) }));
  return { uTime: String(CHANGED_MS + 300), details };
}

/** A message of a channel. */
export function push(channel: string, ...data: readonly object[]): object {
  return { arg: { channel, instType: 'ANY', uid: '4400000000000001' }, data };
}
