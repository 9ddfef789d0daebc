// `cyrusmapd config`: the effective configuration, in the file's own words, with every default. Secrets stay in
// the files that the configuration names, so none is printed.
import { stringify } from 'smol-toml';
import { completeFromCyrus } from '../backchannels/cyrus-host.js';
import { loadConfig } from '../config/load.js';
import type { Flags } from '../config/flags.js';
import { EX_OK } from './exit-status.js';
import { print } from './terminal.js';

/** @returns the exit status */
export async function config(flags: Flags): Promise<number> {
  const { config, settings } = await loadConfig(flags, completeFromCyrus);
  const origin = config.file ?? 'no file: the built-in default';
  print(`# effective configuration of cyrusmapd, from ${origin}\n\n${stringify(settings).trimEnd()}`);
  return EX_OK;
}
