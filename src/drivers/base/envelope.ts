/**
 * The text that Keyv's own serializer stores for a string without expiry, so that a plain Keyv client can read it. A
 * string that begins with `:` gets another one: Keyv marks binary values by `:base64:`.
 */
export function encodeEnvelope(value: string): string {
  return `{"value":${JSON.stringify(value.startsWith(':') ? `:${value}` : value)}}`;
}

/**
 * The string in a stored text; `undefined` when the text is no envelope with a string in it, or one that expires:
 * this library's never do.
 */
export function decodeEnvelope(text: string): string | undefined {
  const value = valueIn(parsedObject(text) ?? {});
  if (value === undefined || value.startsWith(':base64:')) return undefined;
  return value.startsWith(':') ? value.slice(1) : value;
}

/** The string in an envelope that does not expire, and holds nothing else. */
export function valueIn(envelope: Readonly<Record<string, unknown>>): string | undefined {
  const { value, expires = null, ...others } = envelope;
  return typeof value === 'string' && expires === null && Object.keys(others).length === 0 ? value : undefined;
}

/** The object that a text is the JSON of, if there is a text and it is that of one. */
export function parsedObject(text: string | undefined): Record<string, unknown> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
  return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    ? (parsed as Record<string, unknown>)
    : undefined;
}
