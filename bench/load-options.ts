// The command line of the load generator, and the file of keys and replies that it names: both as in bench/load.c. Reads that file.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const MODES = ['closed', 'open', 'session', 'burst', 'once'] as const;

type Mode = (typeof MODES)[number];
export type LoadRequest = { readonly bytes: string; readonly reply: string };

export type LoadOptions = {
  readonly socket: string;
  readonly requests: readonly LoadRequest[];
  readonly mode: Mode;
  readonly connections: number;
  readonly idle: number;
  readonly seconds: number;
  readonly rate: number;
  readonly unknownShare: number;
  readonly unknownDomain: string;
  readonly seed: number;
};

/** @throws where an argument is missing or unknown */
export function readOptions(args: readonly string[]): LoadOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      socket: text,
      keys: text,
      mode: { type: 'string', default: 'closed' },
      connections: { type: 'string', default: '1' },
      idle: { type: 'string', default: '0' },
      seconds: { type: 'string', default: '1' },
      rate: { type: 'string', default: '1000' },
      'unknown-share': { type: 'string', default: '0' },
      'unknown-domain': { type: 'string', default: 'example.jp' },
      seed: { type: 'string', default: '1' },
    },
  });
  const mode = MODES.find((each) => each === values.mode);
  if (values.socket === undefined || values.keys === undefined || mode === undefined) {
    throw new Error(`usage: load --socket PATH --keys FILE [--mode ${MODES.join('|')}] …, see bench/load.c`);
  }
  return {
    socket: values.socket,
    requests: readRequests(values.keys),
    mode,
    connections: Number(values.connections),
    idle: Number(values.idle),
    seconds: Number(values.seconds),
    rate: Number(values.rate),
    unknownShare: Number(values['unknown-share']),
    unknownDomain: values['unknown-domain'],
    seed: Number(values.seed),
  };
}

function readRequests(path: string): LoadRequest[] {
  return readFileSync(path, 'latin1')
    .split('\n')
    .flatMap((line) => {
      const [key, reply] = line.split('\t');
      return key === undefined || reply === undefined ? [] : [toRequest(key, reply)];
    });
}

/** What is sent for a key, and the reply that is to come. */
export function toRequest(key: string, reply: string): LoadRequest {
  return { bytes: `${key.length + 6}:cyrus ${key},`, reply: `${reply.length}:${reply},` };
}
