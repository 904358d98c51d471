import { STEPS, type Step } from './client.js';

/** What the account is when the clients begin. All of them know its head then. */
export const STARTS = ['never written', 'with records', 'dropped'] as const;

/** What some clients do to an account at the same time, each one thing after the other. */
export interface Program {
  readonly start: (typeof STARTS)[number];
  readonly clients: readonly (readonly Step[])[];
}

/**
 * All programs of two clients with one or two steps each, and of three clients with one step each, on each start. Clients
 * are alike: of programs that differ in who does what, one is there. A client that has written nothing repeats nothing.
 */
export function allPrograms(): readonly Program[] {
  const single = STEPS.filter((step) => step !== 'repeat').map((step) => [step] as const);
  const double = single.flatMap(([first]) =>
    STEPS.filter((second) => second !== 'repeat' || isWriteStep(first)).map((second) => [first, second] as const),
  );
  const clients = [...multisets([...single, ...double], 2), ...multisets(single, 3)];
  return STARTS.flatMap((start) => clients.map((steps) => ({ start, clients: steps })));
}

/** For a reader: `load, drop | upsert`. */
export function shownProgram({ start, clients }: Program): string {
  return `${start}: ${clients.map((steps) => steps.join(', ')).join(' | ')}`;
}

function isWriteStep(step: Step): boolean {
  return step === 'upsert' || step === 'replace' || step === 'drop';
}

/** All ways to take so many elements, some of them perhaps more than once, in the order in which they are given. */
function multisets<T>(elements: readonly T[], size: number): readonly (readonly T[])[] {
  if (size === 0) return [[]];
  return elements.flatMap((element, index) =>
    multisets(elements.slice(index), size - 1).map((rest) => [element, ...rest]),
  );
}
