// What the commands have in common that ask a running daemon: where its control socket is, and what its answers hold.
import { existsSync } from 'node:fs';
import { ControlClient } from '../admin/client.js';
import { DEFAULT_CONTROL } from '../config/built-in.js';
import { findConfig } from '../config/place.js';
import { messageOf, ProtocolError, UsageError } from '../errors.js';
import { formatEndpoint, parseEndpoint, type Endpoint } from '../net/endpoint.js';

export type ControlOptions = { readonly control?: string; readonly config?: string };

/** @throws UsageError where --control is no endpoint; ConfigError where the file that --config names is not there */
export async function controlClient(options: ControlOptions): Promise<ControlClient> {
  return new ControlClient(await endpointOf(options));
}

async function endpointOf({ control, config }: ControlOptions): Promise<Endpoint> {
  if (control !== undefined) return endpointOfFlag('--control', control);
  const file = config ?? findConfig();
  if (file === undefined) return DEFAULT_CONTROL;
  const { loadEndpoints } = await import('../config/load.js');
  try {
    return (await loadEndpoints({ config: file })).control ?? DEFAULT_CONTROL;
  } catch (error) {
    if (!existsSync(file)) throw error;
    // The daemon that runs read another file: a mistake made since then must not keep anybody from asking it.
    process.stderr.write(`cyrusmapd: ${messageOf(error)}\n`);
    process.stderr.write(`cyrusmapd: the usual place is asked instead, ${formatEndpoint(DEFAULT_CONTROL)}\n`);
    return DEFAULT_CONTROL;
  }
}

/** @throws UsageError naming the flag */
export function endpointOfFlag(flag: string, text: string): Endpoint {
  try {
    return parseEndpoint(text, flag);
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

/** A JSON object's fields. @throws ProtocolError where it is none */
export function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError('the daemon answered with something else than was asked for');
  }
  return new Map(Object.entries(value));
}

export function parseLine(line: string): ReadonlyMap<string, unknown> {
  try {
    return fieldsOf(JSON.parse(line));
  } catch (error) {
    throw new ProtocolError('the daemon sent a line that is no JSON object', { cause: error });
  }
}

/** @throws UsageError naming the flags */
export function atMostOne(flags: { readonly [flag: string]: unknown }): void {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined && value !== false);
  if (given.length > 1)
    throw new UsageError(`${given.map(([flag]) => flag).join(' and ')}: only one of them may be given`);
}
