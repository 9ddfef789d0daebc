// Who is asked in the end: in the place of a back-channel of type "mupdate", those of its servers. No I/O.
import type { Config } from './config.js';

/** @param names of back-channels, as a line of [domains] has them */
export function serversFor(
  names: readonly string[],
  { backchannels }: Pick<Config, 'backchannels'>,
): string[] {
  return names.flatMap((name) => {
    const murder = backchannels.find((each) => each.name === name);
    return murder?.type === 'mupdate' ? [...new Set(murder.servers.values())] : [name];
  });
}
