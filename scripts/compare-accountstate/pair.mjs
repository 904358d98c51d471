import { isDeepStrictEqual } from 'node:util';
import { withText } from './random-call.mjs';

const STATE = [
  'getAllPositions',
  'getOrders',
  'getAllSymbolMetadata',
  'getSymbolsWithMetadata',
  'getSymbolLeverageCache',
  'getWalletBalance',
  'getPreviousBalance',
  'isPendingPersist',
  'getTotalActivePositions',
  'getTotalHedgedPositions',
];

const POSITION_NUMBERS = [
  'timestampMs',
  'positionPrice',
  'assetQty',
  'value',
  'valueUpnl',
  'marginValue',
  'liquidationPrice',
];
const ORDER_NUMBERS = ['price', 'originalQuantity', 'executedQuantity', 'averagePrice', 'createdAtMs', 'updatedAtMs'];

/** What the original is given in place of a symbol that it takes for a property of Object.prototype. */
const STAND_INS = Object.fromEntries([
  ['__proto__', '__prota__'],
  ['constructor', 'constructos'],
]);

/** A store of each package, which get the same calls. */
export class Pair {
  #tally;
  #original;
  #dropIn;
  #theirs;
  #ours;

  /** @param subclass what of the class to use: itself, or a subclass. */
  constructor(original, dropIn, tally, subclass) {
    this.#original = original;
    this.#dropIn = dropIn;
    this.#tally = tally;
    this.#theirs = new (subclass(original.AccountStateStore))();
    this.#ours = new (subclass(dropIn.AccountStateStore))();
  }

  async run(call, at) {
    const where = `${at}: ${call.name}(${JSON.stringify(call.args)})`;
    if (call.isNonsense) return this.#refuses(call, where);
    if (call.name.startsWith('report')) return this.#reports(call, where);
    const [theirArgs, ourArgs] = this.#argsOf(call);
    const theirs = answerOf(call.isFunction ? this.#original : this.#theirs, call.name, theirArgs, this.#tally);
    const ours = answerOf(call.isFunction ? this.#dropIn : this.#ours, call.name, ourArgs, this.#tally);
    if (call.name === 'dumpLogState') this.#dumps(where, theirs.printed, ours.printed);
    else if (ours.printed !== '') this.#tally.differs(where, 'nothing printed', ours.printed);
    else if (theirs.printed !== '') this.#tally.explained('printing');
    if (call.name === 'processPriceEvent') this.#sign(call.args[0], where);
    this.#compare(where, this.#hedged(call.name, theirs.value), ours.value);
    this.#compareState(where);
  }

  /** What each printed of its state, in JSON behind a title. */
  #dumps(where, theirs, ours) {
    const [left, right] = [theirs, ours].map((text) => JSON.parse(text.slice(text.indexOf('{'))));
    const { hedgedPositions } = right.accountOtherState;
    if (hedgedPositions !== this.#hedgedCount()) this.#tally.differs(where, this.#hedgedCount(), hedgedPositions);
    left.accountOtherState.hedgedPositions = hedgedPositions;
    this.#compare(`${where}, printed`, left, right);
  }

  /** Asks what names symbols, and would hide in which order they were named first. */
  finish(at) {
    for (const symbol of ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT', 'DOGEUSDT', ...Object.keys(STAND_INS)]) {
      for (const side of ['LONG', 'SHORT', 'NONE']) {
        const theirs = this.#theirs.getActivePosition(standIn(symbol), side);
        this.#compare(`${at}: ${symbol} ${side}`, theirs, this.#ours.getActivePosition(symbol, side));
      }
    }
  }

  #argsOf({ name, args, asText }) {
    let theirs = standIn(args);
    if (JSON.stringify(theirs) !== JSON.stringify(args)) this.#tally.explained('symbols __proto__ and constructor');
    if (name === 'setAllSymbolMetadata' && 'SOLUSDT' in args[0]) {
      this.#tally.explained('metadata that is undefined');
      theirs = [standIn(JSON.parse(JSON.stringify(args[0])))];
    }
    if (asText) this.#tally.explained('numbers given as text');
    theirs = this.#withNumbers(name, theirs);
    // The original keeps what it is given, the drop-in freezes it.
    return [theirs, asText ? args.map(withText) : structuredClone(args)];
  }

  /** The numbers that the drop-in reads in place of those that were left out. */
  #withNumbers(name, args) {
    const names = { setActivePosition: POSITION_NUMBERS, upsertActiveOrder: ORDER_NUMBERS }[name] ?? [];
    const entry = args.at(-1);
    const missing = names.filter((each) => entry[each] === undefined);
    if (missing.length === 0) return args;
    this.#tally.explained('numbers that were left out');
    return [...args.slice(0, -1), { ...entry, ...Object.fromEntries(missing.map((each) => [each, Number.NaN])) }];
  }

  #refuses({ name, args }, where) {
    const before = this.#state(this.#ours);
    const { value } = answerOf(this.#ours, name, args, this.#tally);
    const isTyped = ['INVALID_VALUE', 'INVALID_KEY'].includes(value?.thrown?.code);
    if (isTyped && isDeepStrictEqual(this.#state(this.#ours), before)) this.#tally.explained('nonsense is refused');
    else this.#tally.differs(where, 'a typed error, and no change', value);
  }

  async #reports({ name, args, answer }, where) {
    const [url, accountId, tags, asset, silent] = args;
    const post = async (module, store) => {
      const sent = [];
      const { fetch } = globalThis;
      globalThis.fetch = async (to, { method, body }) => {
        sent.push({ to, method, ...JSON.parse(body), timestamp: 0 });
        if (answer === 'refused') throw new TypeError('fetch failed');
        return new Response('text', { status: Number(answer) });
      };
      const silence = silenced();
      const outcome = await module[name](url, accountId, tags, store, asset, silent).then(
        () => 'resolved',
        () => 'rejected',
      );
      const printed = silence.end() !== '';
      globalThis.fetch = fetch;
      return { sent, outcome, printed };
    };
    const theirs = await post(this.#original, this.#theirs);
    const ours = await post(this.#dropIn, this.#ours);
    if (theirs.printed) this.#tally.explained('printing');
    if (ours.printed) this.#tally.differs(where, 'nothing printed', 'something was');
    for (const { updateData } of theirs.sent) {
      if (updateData.hedgeCount !== this.#hedgedCount()) this.#tally.explained('hedged symbols count once');
      updateData.hedgeCount = this.#hedgedCount();
    }
    this.#compare(where, { sent: theirs.sent, outcome: theirs.outcome }, { sent: ours.sent, outcome: ours.outcome });
  }

  /** Where the size's sign is not the side's, the drop-in has the opposite profit; the original goes on with it. */
  #sign({ symbol, price }, where) {
    for (const [side, sign] of [
      ['LONG', 1],
      ['SHORT', -1],
    ]) {
      const theirs = this.#theirs.getActivePosition(standIn(symbol), side);
      const ours = this.#ours.getActivePosition(symbol, side);
      if (theirs === undefined || theirs.assetQty * sign > 0 || Number.isNaN(theirs.assetQty)) continue;
      const { assetQty, positionPrice } = theirs;
      const expected = assetQty === 0 ? 0 : sign * Math.abs(assetQty) * (price - positionPrice);
      if (!Object.is(ours?.valueUpnl, expected)) this.#tally.differs(where, expected, ours);
      this.#tally.explained(assetQty === 0 ? '0 as the profit without a size' : 'sign of the profit');
      theirs.valueUpnl = expected;
    }
  }

  #hedged(name, value) {
    const count = this.#hedgedCount();
    if (name === 'getTotalHedgedPositions') {
      if (value !== count) this.#tally.explained('hedged symbols count once');
      return count;
    }
    if (name !== 'getTotalActivePositions') return value;
    if (value.totalHedged !== count) this.#tally.explained('hedged symbols count once');
    return { ...value, totalHedged: count };
  }

  #hedgedCount() {
    const sides = Object.values(this.#theirs.accountPositionState);
    return sides.filter(({ LONG, SHORT }) => LONG?.assetQty && SHORT?.assetQty).length;
  }

  #compareState(where) {
    const theirs = this.#state(this.#theirs, (name, value) => this.#hedged(name, value));
    const ours = this.#state(this.#ours);
    for (const name of STATE) this.#compare(`${where}, then ${name}()`, theirs[name], ours[name]);
  }

  #state(store, change = (_, value) => value) {
    return Object.fromEntries(STATE.map((name) => [name, change(name, answerOf(store, name, []).value)]));
  }

  #compare(where, theirs, ours) {
    this.#tally.compared();
    if (!hasPrototypes(ours)) this.#tally.differs(where, 'objects with a prototype', 'one without');
    const renamed = standIn(ours);
    if (isDeepStrictEqual(theirs, renamed)) return;
    const [left, right] = [withoutUndefined(theirs), withoutUndefined(renamed)];
    if (isDeepStrictEqual(left, right))
      return this.#tally.explained('exit prices that were left out read as undefined');
    if (isDeepStrictEqual(withoutSignedZero(left), withoutSignedZero(right)))
      return this.#tally.explained('0 in place of -0');
    if (left?.thrown instanceof Error && right?.thrown?.code === 'INVALID_VALUE')
      return this.#tally.explained('typed errors');
    this.#tally.differs(where, left, right);
  }
}

/** Calls a method, with the console silenced. */
function answerOf(target, name, args) {
  const silence = silenced();
  let value;
  try {
    value = target[name](...args);
  } catch (thrown) {
    value = { thrown };
  }
  return { value, printed: silence.end() };
}

function silenced() {
  const { log, warn, error } = console;
  const { write } = process.stdout;
  let printed = '';
  const note = (...parts) => {
    printed += parts.join(' ');
    return true;
  };
  Object.assign(console, { log: note, warn: note, error: note });
  process.stdout.write = note;
  return {
    end: () => {
      Object.assign(console, { log, warn, error });
      process.stdout.write = write;
      return printed;
    },
  };
}

/** A deep copy, in which `change` has the last word on each value that is no object, and on each key. */
function copied(value, change) {
  if (value instanceof Error || typeof value !== 'object' || value === null) return change(value);
  if (Array.isArray(value)) return value.map((each) => copied(each, change));
  const entries = Object.entries(value).map(([key, each]) => [change(key), copied(each, change)]);
  return Object.fromEntries(entries);
}

function standIn(value) {
  return copied(value, (each) => (typeof each === 'string' && Object.hasOwn(STAND_INS, each) ? STAND_INS[each] : each));
}

function withoutSignedZero(value) {
  return copied(value, (each) => (each === 0 ? 0 : each));
}

function withoutUndefined(value) {
  if (value instanceof Error || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutUndefined);
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.map(([key, each]) => [key, withoutUndefined(each)]));
}

function hasPrototypes(value) {
  if (value instanceof Error || typeof value !== 'object' || value === null) return true;
  const prototype = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === Array.prototype) && Object.values(value).every(hasPrototypes);
}
