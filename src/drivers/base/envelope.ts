/**
 * The frame of a document. `"ak":1` says that this library wrote it, and stands nowhere else in the text: one that was cut
 * short does not end with it, and neither does an envelope of somebody else.
 */
const START = '{"value":';
const END = ',"ak":1}';

/**
 * In compact JSON: a string value that begins with `:`, from which Keyv's deserializer would take that away, or the end
 * of a frame. Also matches some keys that do no harm.
 */
const NOT_FOR_FRAMES = /[:[,]":|\},"ak":1\}/;

/** Stands in no envelope and no key, so that many of them can go in one text. */
export const SEPARATOR = '\u001f';

/**
 * The text that Keyv's own serializer stores for a string without expiry, so that a plain Keyv client can read it. A
 * string that begins with `:` gets another one: Keyv marks binary values by `:base64:`.
 */
export function encodeEnvelope(value: string): string {
  return `{"value":${JSON.stringify(value.startsWith(':') ? `:${value}` : value)}}`;
}

/**
 * An envelope around the JSON text of an object, in which a plain Keyv client finds that object. A text that cannot
 * stand there as it is becomes a string like any other.
 */
export function encodeDocument(document: string): string {
  const isFit =
    document.startsWith('{') &&
    document.endsWith('}') &&
    document.isWellFormed() &&
    !document.includes(SEPARATOR) &&
    !NOT_FOR_FRAMES.test(document);
  return isFit ? START + document + END : encodeEnvelope(document);
}

/** Whether {@link encodeDocument} made the text, and put the document into it as it is. */
export function isFramed(text: string): boolean {
  return text.startsWith(`${START}{`) && text.endsWith(`}${END}`);
}

/**
 * The string in a stored text, or the exact text of the document; `undefined` when the text is no envelope with one of
 * them in it, or one that expires: this library's never do. What is within a document is not looked at.
 */
export function decodeEnvelope(text: string): string | undefined {
  if (isFramed(text)) return text.slice(START.length, -END.length);
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
