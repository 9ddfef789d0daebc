// Any text is a configuration or refused with a ConfigError that names what is wrong in whole lines; what is taken, written
// out again, is the same; and no name in it reaches an object's prototype.
import { stringify } from 'smol-toml';
import { expect } from 'vitest';
import { contradictions } from '../../../src/config/consistency.js';
import { linesOf } from '../../../src/config/lines.js';
import { readSettings } from '../../../src/config/read.js';
import { parseToml } from '../../../src/config/toml.js';
import { ConfigError } from '../../../src/errors.js';
import type { Target } from '../engine.js';

export const toml: Target = {
  name: 'TOML',
  seeds: [
    '[socketmap]\nlisten = ["unix:/run/s", "inet:7860@127.0.0.1"]\nsocket_mode = "0660"\n[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "unix:/run/lmtp"\n',
    '[backchannel.a]\ntype = "imap"\nendpoint = "inet:143@h"\nuser = "cyrus"\npassword_file = "/p"\n[domains]\n"*" = "a"\n',
    '[backchannel.n]\ntype = "list"\nfile = "/l"\n[map.cyrus]\nover_quota = "ok"\n',
    '[lookup]\ndeadline = "7s"\nalways_accept = ["postmaster"]\n',
    // Each place was written out for each of its levels: cubic time.
    `lis{map]\nlis.${'map.lis.'.repeat(500)}x = 1\n`,
    `lis.${'map.lis.'.repeat(500)}x = 1\n${'[[a]]\n'.repeat(100)}`,
    // A table where a duration belongs was no ConfigError.
    '[lookup]\ndeadline.x = 1\n',
    '__proto__ = 1\n[map.__proto__]\nx = 1\n',
  ],
  dictionary: [
    '[',
    ']',
    '[[',
    '=',
    '"',
    "'",
    '"""',
    '#',
    '\n',
    '{',
    '}',
    'true',
    '1979-05-27',
    '"5s"',
    'inf',
    '0x1',
    '__proto__',
    'constructor',
    '[map.',
    '[domains]',
    'type = "imap"\n',
    'listen = []',
    '[events]\nlisten = "unix:/e"\n',
  ],
  async run(input) {
    const text = input.toString('latin1');
    let table;
    try {
      table = await parseToml(text, '/etc/x');
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      expect(error.message).toMatch(/^\/etc\/x:\d+:\d+: not TOML: ./);
      return;
    }
    linesOf(text);
    const { settings, values, problems } = readSettings(table);
    for (const { sentence } of problems) expect(sentence.length).toBeGreaterThan(10);
    expect(Object.keys(Object.prototype)).toEqual([]);
    if (problems.length > 0 || contradictions(values).length > 0) return;
    const again = readSettings(await parseToml(stringify(settings), '/etc/y'));
    expect([again.settings, again.problems]).toEqual([settings, []]);
  },
};
