// cyrusmapd(8) against the program's own help: every command and every flag, and no other.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { run } from './cyrusmapd-process.js';

const PAGE = readFileSync(new URL('../../rc.d/man/cyrusmapd.8', import.meta.url), 'utf8');
const [, SYNOPSIS = '', DESCRIPTION = ''] = PAGE.split(/^\.Sh (?:SYNOPSIS|DESCRIPTION|SIGNALS)$/m);

const COMMANDS = commandsOf((await run('--help')).stdout);

describe('cyrusmapd(8)', () => {
  test('has a synopsis and a section for each command, in the order of the help', () => {
    expect([...DESCRIPTION.matchAll(/^\.Ss (\S+)$/gm)].map(([, name]) => name)).toEqual(COMMANDS);
    expect([...SYNOPSIS.matchAll(/^\.Cm (\S+)$/gm)].map(([, name]) => name)).toEqual(COMMANDS);
  });

  test.each(COMMANDS)('describes the flags of %s', async (command) => {
    const flags = flagsOf((await run(command, '--help')).stdout);
    const section = DESCRIPTION.split(`.Ss ${command}\n`)[1]?.split(/^\.Ss /m)[0] ?? '';
    expect([...section.matchAll(/^\.It Fl -(.*)$/gm)].map(([, words]) => words)).toEqual(flags);

    const synopsis = SYNOPSIS.split(`.Cm ${command}\n`)[1]?.split('.Nm')[0] ?? '';
    const mentioned = [...synopsis.matchAll(/Fl -([a-z-]+)/g)].map(([, name]) => name);
    expect(mentioned).toEqual(flags.map((flag) => flag.split(' ')[0]));
  });
});

function commandsOf(help: string): string[] {
  const listed = help.split(/^Commands:$/m)[1] ?? '';
  return [...listed.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name);
}

/** As the manual writes them: `config Ar file` for `--config <file>`. */
function flagsOf(help: string): string[] {
  return [...help.matchAll(/^ {2}--([a-z-]+)(?: <([a-z]+)>)?/gm)].map(([, name = '', value]) =>
    value === undefined ? name : `${name} Ar ${value}`,
  );
}
