const SAFE_TEXT = /^[A-Za-z0-9_./-]+$/;
const ESCAPED_TEXT = /^(?:[A-Za-z0-9_./-]|%[0-9A-F]{2})+$/;

/**
 * Escapes an account id or a record key to ASCII. Letters, digits, `_`, `.`, `/` and `-` stay as they are; everything
 * else becomes the percent-encoded bytes of its UTF-8 form, a lone surrogate those of its own code point (as WTF-8
 * does). Different ids give different texts, and {@link unescapeKey} gives the id back.
 */
export function escapeKey(id: string): string {
  if (SAFE_TEXT.test(id)) return id;
  let escaped = '';
  for (const character of id) {
    escaped += SAFE_TEXT.test(character) ? character : percentEncoded(character.codePointAt(0) ?? 0);
  }
  return escaped;
}

/** The id that {@link escapeKey} made this text from; `undefined` when it made it from none. */
export function unescapeKey(escaped: string): string | undefined {
  if (SAFE_TEXT.test(escaped)) return escaped;
  if (!ESCAPED_TEXT.test(escaped)) return undefined;
  const id = escaped.replace(/(?:%[0-9A-F]{2})+/g, (run) => decodedBytes(Buffer.from(run.replaceAll('%', ''), 'hex')));
  // Overlong forms, halves of a character and what need not have been escaped come from somebody else.
  return escapeKey(id) === escaped ? id : undefined;
}

function percentEncoded(codePoint: number): string {
  let encoded = '';
  for (const byte of utf8Bytes(codePoint)) encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return encoded;
}

function utf8Bytes(codePoint: number): readonly number[] {
  const tail = (shift: number): number => 0x80 | ((codePoint >> shift) & 0x3f);
  if (codePoint < 0x80) return [codePoint];
  if (codePoint < 0x800) return [0xc0 | (codePoint >> 6), tail(0)];
  if (codePoint < 0x10000) return [0xe0 | (codePoint >> 12), tail(6), tail(0)];
  return [0xf0 | (codePoint >> 18), tail(12), tail(6), tail(0)];
}

/** Decodes without checks: {@link unescapeKey} compares the result with what it must have come from. */
function decodedBytes(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; ) {
    const first = bytes[index] ?? 0;
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    let codePoint = length === 1 ? first : first & (0x7f >> length);
    for (let step = 1; step < length; step += 1) codePoint = (codePoint << 6) | ((bytes[index + step] ?? 0) & 0x3f);
    text += String.fromCodePoint(Math.min(codePoint, 0x10ffff));
    index += length;
  }
  return text;
}
