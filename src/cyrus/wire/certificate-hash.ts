// The hash with which tls-server-end-point names a certificate (RFC 5929 section 4.1): the one of its signature, but SHA-256
// instead of MD5 and SHA-1. It is read from the certificate's DER (RFC 5280 section 4.1, RFC 4055, RFC 5758), since Node tells it
// only from version 24 on. No I/O.

type Hash = 'sha224' | 'sha256' | 'sha384' | 'sha512';

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
/** The tag `[0]`, under which RSASSA-PSS has its hash. */
const PSS_HASH = 0xa0;

/** The hash of each kind of signature, by the bytes of its identifier. */
const SIGNATURES: ReadonlyMap<string, Hash> = new Map<string, Hash>([
  ['2a864886f70d010104', 'sha256'], // md5WithRSAEncryption
  ['2a864886f70d010105', 'sha256'], // sha1WithRSAEncryption
  ['2a864886f70d01010e', 'sha224'],
  ['2a864886f70d01010b', 'sha256'],
  ['2a864886f70d01010c', 'sha384'],
  ['2a864886f70d01010d', 'sha512'],
  ['2a8648ce3d0401', 'sha256'], // ecdsa-with-SHA1
  ['2a8648ce3d040301', 'sha224'],
  ['2a8648ce3d040302', 'sha256'],
  ['2a8648ce3d040303', 'sha384'],
  ['2a8648ce3d040304', 'sha512'],
]);
const RSASSA_PSS = '2a864886f70d01010a';
const HASHES: ReadonlyMap<string, Hash> = new Map<string, Hash>([
  ['2b0e03021a', 'sha256'], // SHA-1
  ['608648016503040204', 'sha224'],
  ['608648016503040201', 'sha256'],
  ['608648016503040202', 'sha384'],
  ['608648016503040203', 'sha512'],
]);

/**
 * @param certificate in DER; undefined where there was none
 * @returns undefined where the signature has no hash, such as Ed25519, or one that is not in the lists above
 */
export function endPointHash(certificate: Buffer | undefined): Hash | undefined {
  const [, algorithm] = itemsIn(contentOf(certificate, SEQUENCE));
  const [identifier, parameters] = itemsIn(contentOf(algorithm, SEQUENCE));
  const name = contentOf(identifier, OBJECT_IDENTIFIER)?.toString('hex') ?? '';
  return name === RSASSA_PSS ? hashOfPss(parameters) : SIGNATURES.get(name);
}

/** The hash of RSASSA-PSS. Its default is SHA-1, for which SHA-256 is used. */
function hashOfPss(parameters: Buffer | undefined): Hash | undefined {
  const [first] = itemsIn(contentOf(parameters, SEQUENCE));
  const explicit = contentOf(first, PSS_HASH);
  if (explicit === undefined) return 'sha256';
  const [identifier] = itemsIn(contentOf(explicit, SEQUENCE));
  return HASHES.get(contentOf(identifier, OBJECT_IDENTIFIER)?.toString('hex') ?? '');
}

/** Items that follow each other in DER, each with its tag and length, up to the first that is broken. */
function itemsIn(content: Buffer | undefined): Buffer[] {
  const items: Buffer[] = [];
  for (let rest = content; rest !== undefined && rest.length > 0;) {
    const end = endOf(rest);
    if (end === undefined) break;
    items.push(rest.subarray(0, end));
    rest = rest.subarray(end);
  }
  return items;
}

function contentOf(item: Buffer | undefined, tag: number): Buffer | undefined {
  if (item?.[0] !== tag) return undefined;
  const end = endOf(item);
  return end === undefined ? undefined : item.subarray(headerBytes(item), end);
}

function headerBytes(item: Buffer): number {
  const first = item[1] ?? 0;
  return first < 0x80 ? 2 : 2 + (first & 0x7f);
}

/** @returns where the item ends; undefined where its length is broken, or larger than what is there */
function endOf(item: Buffer): number | undefined {
  const first = item[1];
  const header = headerBytes(item);
  if (first === undefined || header > 6 || header > item.length) return undefined;
  const length = first < 0x80 ? first : item.subarray(2, header).reduce((sum, byte) => sum * 256 + byte, 0);
  return header + length > item.length ? undefined : header + length;
}
