// `cyrusmapd doctor`: looks at the whole set-up and says what is wrong, why it matters, and the line that mends it.
// Silent where nothing is. What could not be looked at goes to standard error.
import type { Flags } from '../config/flags.js';
import { completeFromCyrus } from '../backchannels/cyrus-host.js';
import { loadConfig } from '../config/load.js';
import { ask } from '../doctor/ask.js';
import { makesMailboxes } from '../doctor/check-imapd.js';
import { examine } from '../doctor/examine.js';
import type { Finding } from '../doctor/finding.js';
import { look, type Places } from '../doctor/look.js';
import { EX_FOUND, EX_OK } from './exit-status.js';
import { keyOfArgument, print, printable } from './terminal.js';

export type DoctorOptions = Flags & Places & { readonly json?: boolean };

/** @returns the exit status */
export async function doctor(options: DoctorOptions): Promise<number> {
  const { config } = await loadConfig(options, completeFromCyrus);
  const seen = await look(config, options);
  const picture = await ask(config, seen, makesMailboxes(seen.imapdConf));
  const findings = examine(picture);
  if (options.json === true) print(JSON.stringify({ findings, unseen: picture.unseen }, undefined, 2));
  else {
    if (findings.length > 0) print(findings.map(describe).join('\n\n'));
    for (const { what, why } of picture.unseen) {
      process.stderr.write(`cyrusmapd: not looked at: ${what}: ${why}\n`);
    }
  }
  return findings.length === 0 ? EX_OK : EX_FOUND;
}

function describe({ check, severity, where, what, why, mend }: Finding): string {
  return [`${where}: ${severity}: ${what} [${check}]`, `  why:  ${why}`, `  mend: ${mend}`]
    .map(shown)
    .join('\n');
}

/** A line to be copied keeps its tabs. */
function shown(line: string): string {
  return line
    .split('\t')
    .map((part) => printable(keyOfArgument(part)))
    .join('\t');
}
