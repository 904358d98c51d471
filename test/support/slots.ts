/**
 * How accounts are shared among processes. An account belongs to a slot, by its number or by a hash of its id. A slot has
 * two processes that wait for it: its home, and a deputy. The slots of one home have different deputies, so that what
 * a process leaves behind is shared by several.
 */
export interface Fleet {
  readonly workers: number;
  readonly slots: number;
  readonly accounts: number;
}

/** The process that a slot belongs to as a rule. */
export function homeOf(slot: number, { workers }: Fleet): number {
  return slot % workers;
}

/** The process that steps in for the home. */
export function deputyOf(slot: number, fleet: Fleet): number {
  const { workers } = fleet;
  if (workers === 1) return 0;
  const further = 1 + (Math.floor(slot / workers) % (workers - 1));
  return (homeOf(slot, fleet) + further) % workers;
}

/** The slots that a process waits for. */
export function slotsOf(worker: number, fleet: Fleet): readonly number[] {
  return range(fleet.slots).filter((slot) => homeOf(slot, fleet) === worker || deputyOf(slot, fleet) === worker);
}

/** The accounts of a slot, by their numbers. */
export function accountsOf(slot: number, { accounts, slots }: Fleet): readonly number[] {
  return range(Math.ceil((accounts - slot) / slots)).map((index) => slot + index * slots);
}

/** 0, 1, 2, … below `end`. */
export function range(end: number): readonly number[] {
  return Array.from({ length: end }, (_, index) => index);
}
