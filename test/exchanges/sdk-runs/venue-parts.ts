import type { SimulatorTruth } from '../simulator/exchange-simulator.js';
import type { Facts } from './compare-with-truth.js';
import type { OutcomeLog } from './outcome-log.js';
import type { Venue } from './venue.js';

type Position = SimulatorTruth['positions'][number];

/** A simulator that can hold its answers, and what it sends. */
interface Controls {
  hold(path: string, what: 'ANSWER'): { arrived(count: number): Promise<unknown>; release(): void };
  pause(): void;
  release(): void;
}

interface RunningBot {
  readonly isQuiet: boolean;
  stop(): Promise<void>;
}

/** Holds the answers of a snapshot's requests: each path, and how often it is asked for. */
export function holdAnswersOf(
  controls: Pick<Controls, 'hold'>,
  counts: Readonly<Record<string, number>>,
): ReturnType<Venue['holdAnswers']> {
  const holds = Object.entries(counts).map(([path, count]) => ({ count, hold: controls.hold(path, 'ANSWER') }));
  return {
    arrived: async () => {
      await Promise.all(holds.map(({ hold, count }) => hold.arrived(count)));
    },
    release: () => {
      for (const { hold } of holds) hold.release();
    },
  };
}

/** Holds the messages of a stream. */
export function holdMessagesOf(controls: Pick<Controls, 'pause' | 'release'>): { release(): void } {
  controls.pause();
  return { release: () => controls.release() };
}

/** The parts of a venue that tell how its bot fares, and end it. */
export function partsOfBot(
  bot: () => RunningBot | undefined,
  log: OutcomeLog,
  simulator: { stop(): Promise<void> },
): Required<Pick<Venue, 'onMessage' | 'isQuiet' | 'complaints' | 'stop'>> {
  return {
    onMessage: (listener) => log.listen(listener),
    isQuiet: () => bot()?.isQuiet ?? true,
    complaints: log.complaints,
    stop: async () => {
      await bot()?.stop();
      await simulator.stop();
    },
  };
}

/** What Bybit reports of a position beside the common facts: its stop loss is an order, too. */
export function bybitPositionFacts({ symbol, positionSide }: Position, { orders }: SimulatorTruth): Facts {
  const protecting = orders.find(
    (order) =>
      order.symbol === symbol && order.positionSide === positionSide && order.tags['stopOrderType'] === 'StopLoss',
  );
  return { orderPositionSide: positionSide, stopLossPrice: Number(protecting?.triggerPrice ?? 0) };
}
