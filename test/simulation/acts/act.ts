import type { Bot } from '../bot.js';
import type { World } from '../world.js';

/** One thing that happens, with a bot that was drawn for it. */
export type Act = (world: World, bot: Bot) => void;

/** The bots of other hosts on the same account. */
export function othersOf({ bots }: World, bot: Bot): readonly Bot[] {
  return bots.filter((each) => each !== bot && each.account === bot.account);
}

/** Acts are drawn by their weights, and bots evenly. */
export function mostly(acts: readonly (readonly [weight: number, act: Act])[]): (world: World) => void {
  const total = acts.reduce((sum, [weight]) => sum + weight, 0);
  return (world) => {
    let drawn = world.random.below(total);
    const bot = world.random.pick(world.bots);
    const act = acts.find(([weight]) => {
      drawn -= weight;
      return drawn < 0;
    })?.[1];
    if (bot.process.isRunning) act?.(world, bot);
  };
}
