import { differences } from './compare-with-truth.js';
import { type Stage, type Step, script } from './script.js';
import type { Venue } from './venue.js';

/** Far more than any step needs: a store that is not equal by then will not be. */
const STEP_LIMIT_MS = 15_000;

/** How a step ended: without differences, the store equals the exchange. */
export interface StepResult {
  readonly name: string;
  readonly differences: readonly string[];
}

/** Goes through the script, and compares the store with the exchange after each step. */
export function runScript(venue: Venue, isHedge: boolean): Promise<readonly StepResult[]> {
  return runSteps(venue, script(isHedge));
}

/** Goes through steps, and compares the store with the exchange after each of them. */
export async function runSteps(venue: Venue, steps: readonly Step[]): Promise<readonly StepResult[]> {
  const stage: Stage = Object.assign(Object.create(venue), { store: await venue.start() });
  const results: StepResult[] = [];
  for (const step of steps) {
    if (step.isPossible?.(stage) === false) continue;
    stage.exchange.clock.advance(1_000);
    try {
      await step.run(stage);
      results.push({ name: step.name, differences: await differencesLeft(stage) });
    } catch (error) {
      results.push({
        name: step.name,
        differences: [`failed: ${error instanceof Error ? error.stack : JSON.stringify(error)}`],
      });
    }
  }
  const { complaints } = venue;
  return complaints.length === 0 ? results : [...results, { name: 'what was not understood', differences: complaints }];
}

/** Those that are left when no message is under way any more. */
function differencesLeft(stage: Stage): Promise<readonly string[]> {
  const now = (): readonly string[] => differences(stage.store, stage.exchange.truth(), stage.keys);
  return new Promise((resolve) => {
    const stop = stage.onMessage(() => check(false));
    const timer = setTimeout(() => check(true), STEP_LIMIT_MS);
    const check = (isLast: boolean): void => {
      const found = now();
      const isOver = stage.isQuiet?.() ?? found.length === 0;
      if (!isOver && !isLast) return;
      clearTimeout(timer);
      stop();
      resolve(found);
    };
    check(false);
  });
}
