import { setTimeout } from 'node:timers/promises';

const DEADLINE_MS = 60_000;

/** Acts again and again until something is so. */
export async function until(act: () => void, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  do {
    check(Date.now() < deadline, 'it takes too long');
    act();
    await setTimeout(20);
  } while (!(await isSo()));
}

export function check(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new Error(otherwise);
}
