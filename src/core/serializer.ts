/**
 * Turns session data into text and back. `JSON` is one as it stands, and so are `superjson` and `devalue`.
 * `parse` is only ever given text that `stringify` made and that nobody could have changed since.
 */
export interface Serializer {
  parse(text: string): unknown;
  stringify(value: unknown): string;
}
