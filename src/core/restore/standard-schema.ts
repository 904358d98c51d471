import { type Check, objectWith } from '../shared/option-checks.js';

/**
 * The part of Standard Schema (https://standardschema.dev, version 1) that restore uses. Schemas of zod, valibot,
 * arktype and others fit as they are.
 */
export interface StandardSchema<Output> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>;
  };
}

/** The value, or what is wrong with it. */
export type StandardSchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardSchemaIssue[] };

/** One thing that is wrong with a value. */
export interface StandardSchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A schema of any output: what it returns is what is held. */
export const schemaOption: Check<StandardSchema<never>> = objectWith(
  "a Standard Schema of version 1, with '~standard'.validate",
  (schema) => {
    const standard = schema['~standard'] as Partial<StandardSchema<never>['~standard']> | undefined;
    return standard?.version === 1 && typeof standard.validate === 'function';
  },
);
