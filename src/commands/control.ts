// What the commands have in common that ask a running daemon: where its control socket is, and what its answers hold.
import { ControlClient } from '../admin/client.js';
import { DEFAULT_CONTROL } from '../config/built-in.js';
import { findConfig } from '../config/place.js';
import { ConfigError, ProtocolError } from '../errors.js';
import { parseEndpoint, type Endpoint } from '../net/endpoint.js';

export type ControlOptions = { readonly control?: string; readonly config?: string };

/** @throws ConfigError where the file says that there is none */
export async function controlClient(options: ControlOptions): Promise<ControlClient> {
  return new ControlClient(await endpointOf(options));
}

async function endpointOf({ control, config }: ControlOptions): Promise<Endpoint> {
  if (control !== undefined) return parseEndpoint(control, '--control');
  const file = config ?? findConfig();
  if (file === undefined) return DEFAULT_CONTROL;
  const { loadConfig } = await import('../config/load.js');
  return (await loadConfig({ config: file })).config.admin.listen ?? DEFAULT_CONTROL;
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

/** @throws ConfigError naming the flag */
export function atMostOne(flags: { readonly [flag: string]: unknown }): void {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined && value !== false);
  if (given.length > 1)
    throw new ConfigError(`${given.map(([flag]) => flag).join(' and ')}: only one of them may be given`);
}
