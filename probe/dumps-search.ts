/** How many bytes of a needle are looked at first. */
const HEAD = 4;
const SHORTEST = 16;
const BITS = 20;

interface Needle {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Secrets that are looked for in bytes, all at once, however they may be spelled. */
export class Needles {
  readonly #needles = new Map<number, Needle[]>();
  /** Which heads there are: most bytes are the beginning of none. */
  readonly #heads = new Uint8Array(1 << BITS);

  /**
   * @param text The secret as text.
   * @param bytes What it stands for.
   */
  add(name: string, text: string, bytes?: Uint8Array): void {
    for (const each of [Buffer.from(text), ...(bytes === undefined ? [] : [Buffer.from(bytes)])]) {
      const hex = each.toString("hex");
      const base64 = each.toString("base64").replace(/=+$/, "");
      this.#add(name, each);
      for (const spelling of [hex, hex.toUpperCase(), base64, each.toString("base64url")]) {
        this.#add(name, Buffer.from(spelling));
      }
    }
  }

  #add(name: string, bytes: Buffer): void {
    if (bytes.length < SHORTEST) throw new Error(`${name} is too short to be looked for`);
    const head = headAt(bytes, 0);
    this.#heads[head] = 1;
    const needles = this.#needles.get(head) ?? [];
    this.#needles.set(head, needles);
    needles.push({ name, bytes });
  }

  /** The names of those that are in the bytes. */
  foundIn(bytes: Buffer): string[] {
    const found = new Set<string>();
    for (let at = 0; at + HEAD <= bytes.length; at += 1) {
      const head = headAt(bytes, at);
      if (this.#heads[head] === 0) continue;
      for (const needle of this.#needles.get(head) ?? []) {
        if (needle.bytes.equals(bytes.subarray(at, at + needle.bytes.length))) {
          found.add(needle.name);
        }
      }
    }
    return [...found];
  }
}

/** A number for the bytes at a place, of which few places have the same. */
function headAt(bytes: Buffer, at: number): number {
  return Math.imul(bytes.readUInt32LE(at), 0x9e3779b1) >>> (32 - BITS);
}
