import { SimulatedClock } from './simulated-clock.js';

/** An exchange's clock that runs as the machine's does, and is ahead of it by what it was advanced. */
export class RunningClock extends SimulatedClock {
  constructor(aheadMs = 0) {
    super(aheadMs);
  }

  override get nowMs(): number {
    return Date.now() + super.nowMs;
  }
}
