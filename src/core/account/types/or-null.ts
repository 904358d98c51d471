/** The same fields; those that are optional can also be `null`. */
export type OrNull<T> = { readonly [Key in keyof T]: undefined extends T[Key] ? T[Key] | null : T[Key] };
