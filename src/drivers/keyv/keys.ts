/**
 * A key of the shared layout as the Keyv driver stores it: upper-case letters are escaped as well. Some stores compare
 * keys without regard to case, or to spaces at their end: what is different stays different there, too.
 */
export function toStoredKey(key: string): string {
  return key.replace(/%[0-9A-F]{2}|[A-Z]/g, (part) =>
    part.length === 3 ? part : `%${part.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The key that {@link toStoredKey} made this one from; `undefined` when it made it from none. */
export function fromStoredKey(stored: string): string | undefined {
  const key = stored.replace(/%(4[1-9A-F]|5[0-9A])/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return toStoredKey(key) === stored ? key : undefined;
}
