const SAFE_TEXT = /^[A-Za-z0-9_./-]+$/;

/**
 * Escapes an account id or a record key to ASCII. Letters, digits, `_`, `.`, `/` and `-` stay as they are; everything
 * else becomes the percent-encoded bytes of its UTF-8 form, a lone surrogate those of its own code point (as WTF-8
 * does). Different ids give different texts, and {@link unescapeKey} gives the id back.
 */
export function escapeKey(id: string): string {
  if (SAFE_TEXT.test(id)) return id;
  return id.replace(/[^A-Za-z0-9_./-]/gu, (character) =>
    bytesOf(character).toString('hex').toUpperCase().replace(/../g, '%$&'),
  );
}

/** The id that {@link escapeKey} made this text from; `undefined` when it made it from none. */
export function unescapeKey(escaped: string): string | undefined {
  if (SAFE_TEXT.test(escaped)) return escaped;
  const withSurrogates = escaped.replace(/%ED%([AB][0-9A-F])%([89AB][0-9A-F])/g, (_, high: string, low: string) =>
    String.fromCharCode(0xd000 | ((Number.parseInt(high, 16) & 0x3f) << 6) | (Number.parseInt(low, 16) & 0x3f)),
  );
  try {
    const id = decodeURIComponent(withSurrogates);
    // Halves of a character and what need not have been escaped come from somebody else.
    return id !== '' && escapeKey(id) === escaped ? id : undefined;
  } catch {
    // Nor are these bytes UTF-8.
    return undefined;
  }
}

/** UTF-8, and the bytes that a lone surrogate would have in it. */
function bytesOf(character: string): Buffer {
  const unit = character.charCodeAt(0);
  const isSurrogate = character.length === 1 && unit >= 0xd800 && unit <= 0xdfff;
  return isSurrogate ? Buffer.from([0xed, 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]) : Buffer.from(character);
}
