const BLOCK = 16;
const HALF_NONCE = 12;

/** Encrypts whole blocks of 16 bytes, each by itself, with AES-256 under one key. */
type EncryptBlocks = (blocks: Uint8Array) => Uint8Array;

/** A message's own key, from the first half of its nonce. The second half is the nonce of AES-256-GCM. */
type Subkey = (nonce: Uint8Array) => Uint8Array;

/**
 * The key derivation of XAES-256-GCM (c2sp.org/XAES-256-GCM): NIST's SP 800-108r1 with CMAC, in counter mode. All but
 * two blocks of AES are known beforehand.
 */
export function xaesSubkey(encryptBlocks: EncryptBlocks): Subkey {
  const mask = doubled(encryptBlocks(new Uint8Array(BLOCK)));
  const template = new Uint8Array(2 * BLOCK);
  template.set([0, 1, 0x58, 0], 0);
  template.set([0, 2, 0x58, 0], BLOCK);
  return (nonce) => {
    const blocks = template.slice();
    blocks.set(nonce.subarray(0, HALF_NONCE), BLOCK - HALF_NONCE);
    blocks.set(nonce.subarray(0, HALF_NONCE), 2 * BLOCK - HALF_NONCE);
    for (let at = 0; at < blocks.length; at += 1) {
      blocks[at] = (blocks[at] ?? 0) ^ (mask[at % BLOCK] ?? 0);
    }
    return encryptBlocks(blocks);
  };
}

export function gcmNonce(nonce: Uint8Array): Uint8Array {
  return nonce.subarray(HALF_NONCE);
}

/** CMAC's first subkey (SP 800-38B 6.1): a shift by one bit, without a branch that depends on the key. */
function doubled(block: Uint8Array): Uint8Array {
  const carry = (block[0] ?? 0) >> 7;
  const shifted = block.map((byte, at) => (byte << 1) | ((block[at + 1] ?? 0) >> 7));
  shifted[BLOCK - 1] = (shifted[BLOCK - 1] ?? 0) ^ (carry * 0x87);
  return shifted;
}
