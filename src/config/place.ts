// Where the configuration is looked for when no flag names it. Looks whether files are there.
import { statSync } from 'node:fs';
import { ConfigError } from '../errors.js';

/** FreeBSD's place, then that of Linux. */
export const CONFIG_PLACES = ['/usr/local/etc/cyrusmapd.toml', '/etc/cyrusmapd.toml'] as const;

/** @returns the first that exists, even if it cannot be read: the reader then says so */
export function findConfig(places: readonly string[] = CONFIG_PLACES): string | undefined {
  return places.find((place) => {
    try {
      return statSync(place, { throwIfNoEntry: false }) !== undefined;
    } catch {
      return true;
    }
  });
}

export function noConfig(places: readonly string[] = CONFIG_PLACES): ConfigError {
  return new ConfigError(
    `no configuration: there is no ${places.join(' and no ')}; --config FILE names another one; ` +
      'serve and check do without one where --lmtp, --imap, --list or --demo says whom to ask',
  );
}
