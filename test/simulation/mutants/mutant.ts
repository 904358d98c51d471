import type { DriverMutant } from '../world/backend.js';

/** One edit of a source file: a text that is there once, and what takes its place. */
export interface SourceEdit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A mistake that somebody could make, and that the simulation has to find. */
export type Mutant = { readonly name: string; readonly description: string } & (
  | { readonly kind: 'driver'; readonly mutant: DriverMutant }
  | { readonly kind: 'source'; readonly edits: readonly SourceEdit[] }
);

/** A mistake in one place of the sources. */
export function edited(name: string, description: string, file: string, from: string, to: string): Mutant {
  return { name, description, kind: 'source', edits: [{ file, from, to }] };
}
