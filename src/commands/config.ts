// `cyrusmapd config`: the effective configuration, in the file's own words, with every default. Secrets stay in the files
// that the configuration names, so none is printed. With --check it prints only what would keep the daemon from starting.
import { stringify } from 'smol-toml';
import { completeFromCyrus } from '../backchannels/cyrus-host.js';
import { loadConfig } from '../config/load.js';
import type { Flags } from '../config/flags.js';
import { ConfigError } from '../errors.js';
import { EX_OK } from './exit-status.js';
import { rehearse } from './rehearse.js';
import { print } from './terminal.js';

export type ConfigOptions = Flags & { readonly check?: boolean; readonly connect?: boolean };

/**
 * @returns the exit status
 * @throws ConfigError with every problem, a line each
 */
export async function config(options: ConfigOptions): Promise<number> {
  const { config, settings } = await loadConfig(options, completeFromCyrus);
  if (options.check === true || options.connect === true) {
    const problems = await rehearse(config, options.connect === true);
    const where = config.file === undefined ? '' : `${config.file}: `;
    if (problems.length > 0) throw new ConfigError(problems.map((each) => `${where}${each}`).join('\n'));
    return EX_OK;
  }
  const origin = config.file ?? 'no file: the built-in demo';
  print(`# effective configuration of cyrusmapd, from ${origin}\n\n${stringify(settings).trimEnd()}`);
  return EX_OK;
}
