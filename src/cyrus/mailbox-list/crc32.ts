// CRC-32 as zlib and twoskip have it (RFC 1952 section 8), over a part of a buffer. In JavaScript, since zlib's own came to
// Node only with 20.15, and since a million short parts would cost more to hand over than to sum up. No I/O.

const POLYNOMIAL = 0xedb88320;

/** Table k gives the effect of a byte that k more bytes follow: four bytes are taken in one step. */
const TABLES = Array.from({ length: 4 }, () => new Int32Array(256));
const [T0 = new Int32Array(256), T1 = T0, T2 = T0, T3 = T0] = TABLES;
for (let byte = 0; byte < 256; byte++) {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1;
  T0[byte] = sum;
}
for (const [k, table] of TABLES.entries()) {
  const shorter = TABLES[k - 1];
  if (shorter === undefined) continue;
  for (let byte = 0; byte < 256; byte++) {
    const sum = at(shorter, byte);
    table[byte] = at(T0, sum & 0xff) ^ (sum >>> 8);
  }
}

/** @returns 0 to 2^32 - 1 */
export function crc32(bytes: Uint8Array, start: number, end: number): number {
  let sum = -1;
  let i = start;
  for (const whole = end - 3; i < whole; i += 4) {
    sum ^= at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24);
    sum = at(T3, sum & 0xff) ^ at(T2, (sum >>> 8) & 0xff) ^ at(T1, (sum >>> 16) & 0xff) ^ at(T0, sum >>> 24);
  }
  for (; i < end; i++) sum = at(T0, (sum ^ at(bytes, i)) & 0xff) ^ (sum >>> 8);
  return ~sum >>> 0;
}

function at(array: Uint8Array | Int32Array, index: number): number {
  return array[index] ?? 0;
}
