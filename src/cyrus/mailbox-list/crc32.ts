// CRC-32 as in zlib and twoskip (RFC 1952 section 8), over a part of a buffer. It is written in JavaScript because Node has zlib's
// only since 20.15, and because a million calls for short parts would cost more than the sums themselves. No I/O.

const POLYNOMIAL = 0xedb88320;

/** Table k gives the effect of a byte that is followed by k more bytes, so that eight bytes are taken in one step. */
const [T0, T1, T2, T3, T4, T5, T6, T7] = tables();

/** @returns 0 to 2^32 - 1 */
export function crc32(bytes: Buffer, start: number, end: number): number {
  let sum = -1;
  let i = start;
  for (; i < end - 7; i += 8) {
    sum ^=
      (bytes[i] ?? 0) |
      ((bytes[i + 1] ?? 0) << 8) |
      ((bytes[i + 2] ?? 0) << 16) |
      ((bytes[i + 3] ?? 0) << 24);
    sum =
      (T7[sum & 0xff] ?? 0) ^
      (T6[(sum >>> 8) & 0xff] ?? 0) ^
      (T5[(sum >>> 16) & 0xff] ?? 0) ^
      (T4[sum >>> 24] ?? 0) ^
      (T3[bytes[i + 4] ?? 0] ?? 0) ^
      (T2[bytes[i + 5] ?? 0] ?? 0) ^
      (T1[bytes[i + 6] ?? 0] ?? 0) ^
      (T0[bytes[i + 7] ?? 0] ?? 0);
  }
  for (; i < end; i++) sum = (T0[(sum ^ (bytes[i] ?? 0)) & 0xff] ?? 0) ^ (sum >>> 8);
  return ~sum >>> 0;
}

function tables() {
  const first = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1;
    first[byte] = sum;
  }
  const followed = (table: Int32Array): Int32Array =>
    table.map((sum) => (first[sum & 0xff] ?? 0) ^ (sum >>> 8));
  const second = followed(first);
  const third = followed(second);
  const fourth = followed(third);
  const fifth = followed(fourth);
  const sixth = followed(fifth);
  const seventh = followed(sixth);
  return [first, second, third, fourth, fifth, sixth, seventh, followed(seventh)] as const;
}
