// CRC-32 as in zlib and twoskip (RFC 1952 section 8), over a part of a buffer. It is written in JavaScript because Node has zlib's
// only since 20.15, and because a million calls for short parts would cost more than the sums themselves. No I/O.

const POLYNOMIAL = 0xedb88320;

/** Table k gives the effect of a byte that is followed by k more bytes, so that four bytes are taken in one step. */
const T0 = new Int32Array(256);
const T1 = new Int32Array(256);
const T2 = new Int32Array(256);
const T3 = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1;
  T0[byte] = sum;
}
const followed = (sum = 0) => (T0[sum & 0xff] ?? 0) ^ (sum >>> 8);
for (let byte = 0; byte < 256; byte++) {
  T1[byte] = followed(T0[byte]);
  T2[byte] = followed(T1[byte]);
  T3[byte] = followed(T2[byte]);
}

/** @returns 0 to 2^32 - 1 */
export function crc32(bytes: Buffer, start: number, end: number): number {
  let sum = -1;
  let i = start;
  for (; i < end - 3; i += 4) {
    sum =
      (T3[(sum ^ (bytes[i] ?? 0)) & 0xff] ?? 0) ^
      (T2[((sum >>> 8) ^ (bytes[i + 1] ?? 0)) & 0xff] ?? 0) ^
      (T1[((sum >>> 16) ^ (bytes[i + 2] ?? 0)) & 0xff] ?? 0) ^
      (T0[(sum >>> 24) ^ (bytes[i + 3] ?? 0)] ?? 0);
  }
  for (; i < end; i++) sum = (T0[(sum ^ (bytes[i] ?? 0)) & 0xff] ?? 0) ^ (sum >>> 8);
  return ~sum >>> 0;
}
