import { xchacha as native } from "../src/core/aead.node.ts";
import { xchacha as portable } from "../src/core/aead.ts";

/** Seals and opens 350 bytes, a usual session, with both implementations of the cipher, and prints microseconds. */
const key = crypto.getRandomValues(new Uint8Array(32));
const nonce = crypto.getRandomValues(new Uint8Array(24));
const associated = new Uint8Array(60);
const plaintext = crypto.getRandomValues(new Uint8Array(350));

const ROUNDS = 9;
const CALLS = 3000;

function median(act: () => void): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    for (let call = 0; call < CALLS; call += 1) act();
    return ((performance.now() - start) * 1000) / CALLS;
  });
  return rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}

const results = Object.entries({ portable, native }).map(([name, xchacha]) => {
  const aead = xchacha(key);
  const sealed = aead.encrypt(nonce, associated, plaintext);
  const seal = median(() => void aead.encrypt(nonce, associated, plaintext));
  const open = median(() => void aead.decrypt(nonce, associated, sealed));
  return `${name} ${seal.toFixed(1)} / ${open.toFixed(1)}`;
});
// Where the runtime has no such cipher the native module is the portable one.
console.log(`${results.join("   ")}${native === portable ? "   (no native cipher here)" : ""}`);
