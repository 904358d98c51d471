import { Decimal } from '../decimal.js';
import type { SimulatorEvent } from '../events.js';
import type { PositionView } from '../position.js';
import { IdSequence } from './okx-id.js';

/** What OKX knows of a position beside the engine. */
export interface PositionRecord {
  readonly posId: string;
  /** As it was after its last change. */
  readonly view: PositionView;
  /** The last trade; `''` before the first. */
  readonly tradeId: string;
  /** Since the position was opened. */
  readonly pnl: string;
  /** Since the position was opened; a fee that was paid is negative. */
  readonly fee: string;
  /** Since the position was opened; a fee that was paid is negative. */
  readonly fundingFee: string;
}

interface Slot {
  readonly posId: string;
  view: PositionView;
  tradeId: string;
  /** The sums since ever when the position was opened. */
  start: { readonly pnl: Decimal; readonly fees: Decimal; readonly funding: Decimal };
}

/** Follows the positions that ever were, by instrument, side and margin mode. They keep their id when they close. */
export class PositionBook {
  readonly #slots = new Map<string, Slot>();
  readonly #ids = new IdSequence(1_725_119_205_811_617_792n, 4096n);

  /** Learns what belongs together. Returns the keys of the positions that changed. */
  learn(events: readonly SimulatorEvent[]): readonly string[] {
    const keys: string[] = [];
    for (const event of events) {
      if (event.kind !== 'positionChanged') continue;
      const key = keyOf(event.position);
      const isKnown = this.#slots.has(key);
      if (!isKnown && event.position.side === 'NONE') continue;
      const slot = this.#slots.get(key) ?? this.#open(key, event.position);
      if (isKnown) follow(slot, event.position);
      const fill = events.find((each) => each.kind === 'orderChanged' && each.fill !== undefined);
      if (fill?.kind === 'orderChanged' && fill.fill !== undefined) slot.tradeId = fill.fill.id;
      keys.push(key);
    }
    return keys;
  }

  record(key: string): PositionRecord | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    const { posId, view, tradeId, start } = slot;
    return {
      posId,
      view,
      tradeId,
      pnl: Decimal.of(view.realisedPnl).minus(start.pnl).toString(),
      fee: start.fees.minus(Decimal.of(view.fees)).toString(),
      fundingFee: Decimal.of(view.funding).minus(start.funding).toString(),
    };
  }

  /** The positions that ever were, the latest opened first. */
  get keys(): readonly string[] {
    return [...this.#slots]
      .sort(([, one], [, other]) => other.view.openedAtMs - one.view.openedAtMs)
      .map(([key]) => key);
  }

  /** The margin that isolated positions took out of an asset's cash. */
  isolatedMargin(asset: string, settleAsset: (symbol: string) => string): Decimal {
    const views = [...this.#slots.values()].map((slot) => slot.view);
    return Decimal.sum(
      views.filter((view) => settleAsset(view.symbol) === asset).map((view) => Decimal.of(view.isolatedMargin)),
    );
  }

  #open(key: string, view: PositionView): Slot {
    const start = { pnl: Decimal.zero, fees: Decimal.zero, funding: Decimal.zero };
    const slot = { posId: this.#ids.next(), view, tradeId: '', start };
    this.#slots.set(key, slot);
    return slot;
  }
}

export function keyOf(view: PositionView): string {
  return `${view.symbol} ${view.positionSide} ${view.marginMode}`;
}

function follow(slot: Slot, view: PositionView): void {
  if (view.side !== 'NONE' && view.side !== slot.view.side) {
    slot.start = {
      pnl: Decimal.of(view.realisedPnl),
      fees: Decimal.of(slot.view.fees),
      funding: Decimal.of(slot.view.funding),
    };
  }
  slot.view = view;
}
