/** Turns values into text, and text into equal values again. */
export interface Codec {
  /** Written with every record, to be read by the same codec: `a` to `z`, then also `0` to `9` and `-`. */
  readonly name: string;
  /** @throws `ENCODE` with the path of the value that cannot be encoded. */
  encode(value: unknown): string;
  /** @throws `CORRUPT` when the text was not written by this codec. */
  decode(text: string): unknown;
}
