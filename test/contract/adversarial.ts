/** Accounts that a pattern, a separator or a case-insensitive comparison would mix up. */
export const SIMILAR_IDS: readonly string[] = ['a', 'a:b', 'acct_1', 'acctX1', 'a%', '{a}', 'A', 'a*'];

/** Ids and record keys that something on the way to the backend could take for something else. */
export const ADVERSARIAL_KEYS: readonly string[] = [
  // pairs that differ in case, in normalisation, or in white space only
  ...['straße', 'STRASSE', 'key', 'KEY', 'Key', 'é', 'e\u0301', 'ﬁ', 'fi', 'K', '\u212A', 'key ', ' key', 'key\t'],
  // separators, paths and escapes
  ...[':', '::', ':head', 'key:', ':key', 'key:head', 'key:r:x', '/', '//', '..', '../..', '.', '\\', '\\\\', '\\0'],
  ...['%', '%%', '%25', '%00', '%3A', '+', '&', '=', '#', '{}', '}{', '{key}', '{', '}', '}:head'],
  // patterns and quotes
  ...[
    '_',
    '__',
    'k_y',
    'kXy',
    '*',
    'k*',
    '?',
    '[',
    '[a-z]',
    '^',
    '$',
    '|',
    '(',
    "'",
    "''",
    '"',
    '`',
    '--',
    ';',
    "'; --",
  ],
  // control characters and the ends of Unicode
  ...['\n', 'key\n', '\r\n', '\0', 'a\0b', 'a\0', '\u0001', '\u007F', '\u2028', '\uFEFF', '\uFFFF', '💰', '\u{10FFFF}'],
  ...['\uD800', '\uDC00', '\uDC00\uD800'],
  // words with a meaning somewhere
  ...['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', 'null', 'undefined', 'NaN', 'true'],
  ...['0', '00', '1', '01', '1.0', '1e0', '-0', 'head', 'r', 'index', ':base64:x', '{"value":1}'],
  // length
  'x'.repeat(1000),
  `${'x'.repeat(999)}y`,
  '€'.repeat(1000),
];

/** Values that an encoding on the way to the backend could change. */
export const ADVERSARIAL_VALUES: readonly string[] = [
  ...['', ' ', '\t', '\n', '\r\n', '\0', 'a\0b', '\u0001', '\u2028\u2029', '\uFEFF', '\uFFFF'],
  ...[':', '::', ':x', ':base64:x', ':base64:aGVsbG8=', '::base64:x', 'base64:x'],
  ...[
    '{"value":1}',
    '{"value":"x","expires":1}',
    '{"value":"x","expires":null}',
    '{}',
    '[]',
    '""',
    'null',
    'undefined',
  ],
  ...['true', '0', '-0', '1e999', 'NaN', '"', "'", '`', '\\', '\\"', '\\u0000', '\\0', '\\n', "'; DROP TABLE keyv; --"],
  ...['%', '%00', '$1', '?', ':name', '@name', 'é', 'e\u0301', '💰', '👩‍👩‍👧', '\u{10FFFF}', 'ß', 'İ'],
];

/** JSON objects that a parser, a column for JSON or a frame around them could change. */
export const ADVERSARIAL_DOCUMENTS: readonly string[] = [
  ...['{}', '{"":{}}', '{"a":[]}', '{"v":1,"c":"json","d":{"n":1}}', '{"b":1,"a":2,"10":3,"9":4}', '{"a":1,"a":2}'],
  ...['{"value":1}', '{"value":{"a":"x"},"expires":null}', '{"a":{"b":1},"ak":1}', '{"a":"}","b":"}}","c":"{"}'],
  ...['{"n":[1.0,1E5,-0,0.1e-7,12345678901234567890]}', '{"a":null,"b":true,"c":false}', '{"a":"\\u003C\\u00e9\\/"}'],
  ...['{"a":":x"}', '{"a":[":base64:aGk=","::"]}', '{":a":":","b:":1,",":[":"]}', '{"a":"\\u003ax"}', '{"a":",\\":"}'],
  ...['{"__proto__":{"a":1},"constructor":2}', '{"a":"\\u0000\\n\\"\\\\","é":"💰\u2028","b":"\\ud800"}'],
  ...['{"a":"\'; DROP TABLE keyv; --","b":"$1 ? :name @name %00"}', `{"a":"${'x'.repeat(5000)}"}`],
  `${'{"a":['.repeat(100)}${']}'.repeat(100)}`,
];

/** Values that are no well-formed Unicode: they come back, or are refused. */
export const MALFORMED_VALUES: readonly string[] = [
  '\uD800',
  '\uDC00',
  'a\uD83Db',
  '\uDE00\uD83D',
  '\uD800'.repeat(10),
];

/** The characters of generated ids. */
export const ID_ALPHABET: readonly [string, ...string[]] = [
  ...(['a', 'A', 'b', '0', '1', '_', '-', '.'] as const),
  ...[':', '/', '%', '%2', '2', '5', '*', '{', '}', '\\', "'", '"', ' ', '\n', 'é', '\u0301', 'e', '💰'],
];
