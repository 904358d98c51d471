import type { OrderView } from '../order.js';

const ALGO = 'algo:';
const LEG = '/';

/**
 * The engine's id of an algo order, or of one leg of it. OKX numbers algo orders and plain orders in spaces of their
 * own; the engine has one space.
 */
export function engineAlgoId(algoId: string, leg: 'tp' | 'sl' | '' = ''): string {
  return leg === '' ? `${ALGO}${algoId}` : `${ALGO}${algoId}${LEG}${leg}`;
}

/** The engine's client id of an algo order. */
export function engineAlgoClientId(algoClOrdId: string): string {
  return `${ALGO}${algoClOrdId}`;
}

/** Whether an id of the engine names an algo order. */
export function isAlgo(engineId: string): boolean {
  return engineId.startsWith(ALGO);
}

/** The id of an algo order as OKX sends it, of the engine's; `''` for `''`. */
export function algoIdOf(engineId: string): string {
  return isAlgo(engineId) ? (engineId.slice(ALGO.length).split(LEG)[0] ?? '') : engineId;
}

/** The client's id of a plain order. An order that an algo order made has none. */
export function clOrdIdOf(order: OrderView): string {
  return isAlgo(order.clientId) ? '' : order.clientId;
}

/** The client's id of an algo order, or of the algo order that made an order. */
export function algoClOrdIdOf(order: OrderView): string {
  const clientId = order.tags['algoClOrdId'] ?? (isAlgo(order.clientId) ? order.clientId.slice(ALGO.length) : '');
  return isAlgo(order.id) || order.parentId !== '' ? clientId : '';
}

/** Counts up in the numbers that OKX uses as ids: of 19 digits, more than a double holds. */
export class IdSequence {
  #next: bigint;
  readonly #step: bigint;

  constructor(first: bigint, step: bigint) {
    this.#next = first;
    this.#step = step;
  }

  next(): string {
    const id = String(this.#next);
    this.#next += this.#step;
    return id;
  }
}
