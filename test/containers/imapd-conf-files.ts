// Files of imapd.conf(5) by chance: settings of every kind and what resembles them, over one to four files that include
// each other.
import fc from 'fast-check';
import { OPTIONS, type OptionType } from '../../src/cyrus/conf/options.js';

export type ConfCase = {
  /** Of the first file and of three more, each byte one character. */
  readonly files: readonly string[];
  readonly service: string | undefined;
};

/** Where Cyrus finds a file of a case. */
export function pathOf(index: number, file: number): string {
  return `/d/${index}/${file}`;
}

const MISSING_FILE = 9;

/** Not known to each version, or taken in another way by some. */
const DIFFERENT = new Set(['allowstarttls', 'configdirectory', 'defaultpartition']);
const NAMES = [...OPTIONS.keys()].filter((name) => !DIFFERENT.has(name));
// Not `lmtp_` alone, at which cyr_info crashes.
const OTHERS = ['sasl_x', 'lmtp_sasl_x', 'partition-one', 'a', 'lmtpunix', '_x', 'lmtp_lmtp_postuser'];
const SERVICES = ['lmtp', 'lmtpunix', 'lmtpX', 'sasl'];

const TEXT = fc.string({
  minLength: 1,
  maxLength: 12,
  unit: fc.constantFrom(...'abZ09 .:#\\@{}"\t/-_^%\xff', '\xc3\xa4'),
});
const SWITCHES = [
  '0',
  '1',
  'y',
  'n',
  't',
  'f',
  'yes',
  'no',
  'on',
  'off',
  'true',
  'false',
  'of',
  'yellow',
  'nope',
];
const WRONG_SWITCHES = ['Yes', 'NO', 'o', 'oo', '2', '-1', '+1', 'enable', '"yes"', 'On'];
const BLANKS = fc.stringMatching(/^[ \t\r\v\f]{0,3}$/);

function valueOf(type: OptionType): fc.Arbitrary<string> {
  switch (type.kind) {
    case 'string':
      return fc.oneof(
        { weight: 8, arbitrary: TEXT },
        {
          weight: 2,
          arbitrary: fc.constantFrom('{configdirectory}', '{ConfigDirectory}/x', 'x{configdirectory}'),
        },
        {
          weight: 1,
          arbitrary: fc.constantFrom(4070, 4080, 4096, 8180, 9000).map((length) => 'x'.repeat(length)),
        },
      );
    case 'switch':
      return mostly(SWITCHES, WRONG_SWITCHES);
    case 'quota':
      return mostly(['0', '5', '-1', '77', '+3'], ['1x', 'x', '-', '1 2']);
    case 'choice':
      return mostly(
        type.words.filter((word) => word !== 'twom'),
        type.yesNo === true
          ? ['1', 'yes', 't', 'true', '0', 'no', 'f', 'false', 'y', 'On', 'userid x']
          : ['1', 'x'],
      );
    case 'set':
      return fc
        .array(
          mostly(
            type.words.filter((word) => word !== 'jmap'),
            ['all', 'Mailbox'],
          ),
          { minLength: 1, maxLength: 3 },
        )
        .chain((words) => fc.constantFrom(' ', '\t', '  ').map((blank) => words.join(blank)));
  }
}

function mostly(right: readonly string[], wrong: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...right) },
    { weight: 1, arbitrary: fc.constantFrom(...wrong) },
  );
}

/** Some letters in capitals, which changes nothing. */
function anyCase(name: string): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(name) },
    { weight: 1, arbitrary: fc.mixedCase(fc.constant(name)) },
  );
}

const COLON = fc.oneof(
  { weight: 60, arbitrary: fc.constant(':') },
  { weight: 1, arbitrary: fc.constantFrom(' :', '', '=', '.:', '::') },
);

const KNOWN = fc.constantFrom(...NAMES).chain((name) => {
  const { type } = OPTIONS.get(name) ?? { type: { kind: 'string' } as const };
  const prefix = fc.oneof(
    { weight: 5, arbitrary: fc.constant('') },
    { weight: 2, arbitrary: fc.constantFrom(...SERVICES).map((service) => `${service}_`) },
  );
  return fc.tuple(
    prefix.chain((service) => anyCase(service + name)),
    valueOf(type),
  );
});
const OTHER = fc.tuple(fc.constantFrom(...OTHERS).chain(anyCase), TEXT);

const SETTING = fc
  .tuple(
    BLANKS,
    fc.oneof({ weight: 6, arbitrary: KNOWN }, { weight: 1, arbitrary: OTHER }),
    COLON,
    BLANKS,
    BLANKS,
  )
  .map(([before, [name, value], colon, between, after]) => before + name + colon + between + value + after);

const NOISE = fc.oneof(
  BLANKS,
  TEXT.map((text) => ` #${text}`),
);

/** A backslash and a newline somewhere in it; seldom a NUL. */
const LINE = fc
  .tuple(
    fc.oneof({ weight: 8, arbitrary: SETTING }, { weight: 2, arbitrary: NOISE }),
    fc.nat(1_000_000),
    fc.oneof(
      { weight: 12, arbitrary: fc.constant('') },
      { weight: 2, arbitrary: fc.constant('\\\n') },
      { weight: 1, arbitrary: fc.constantFrom('\\\r\n', '\\\\\n', '\\\n\\\n', '\0') },
    ),
  )
  .map(([line, place, piece]) => {
    const at = place % (line.length + 1);
    return line.slice(0, at) + piece + line.slice(at);
  });

/** Names that are set twice are what Cyrus refuses first: most files are without. */
const LINES = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.uniqueArray(LINE, {
      maxLength: 8,
      selector: (line) =>
        /[a-z_-]+(?=:)/i
          .exec(line)?.[0]
          .toLowerCase()
          .replace(/^(lmtp|lmtpunix|lmtpx|sasl)_/, ''),
    }),
  },
  { weight: 2, arbitrary: fc.array(LINE, { maxLength: 8 }) },
);

/** @param index where the files of this case are: see pathOf() */
export function confCase(index: number): fc.Arbitrary<ConfCase> {
  const include = fc
    .oneof({ weight: 8, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.constant(MISSING_FILE) })
    .map((file) => `@include: ${pathOf(index, file)}`);
  const file = fc
    .tuple(
      LINES,
      fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(include, { maxLength: 2 }) },
      ),
    )
    .chain(([lines, includes]) =>
      fc.shuffledSubarray([...lines, ...includes], { minLength: lines.length + includes.length }),
    )
    .chain((lines) =>
      fc.constantFrom('\n', '\n', '\n', '', '\\\n', '\\').map((end) => lines.join('\n') + end),
    );
  const directory = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom('configdirectory: /var/lib/cyrus\n', 'configDirectory:/x \n') },
    { weight: 1, arbitrary: fc.constant('') },
  );
  return fc.record({
    files: fc.tuple(
      directory.chain((line) => file.map((text) => line + text)),
      file,
      file,
      file,
    ),
    service: fc.option(fc.constantFrom(...SERVICES), { nil: undefined }),
  });
}
