// Whatever is committed, and whenever the list is loaded and followed: who is held is who is listed, and a name that changed
// between two questions for changes was told, or everything was. In both layouts.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChangedNames } from '../../src/cyrus/mailbox-list/changed-names.js';
import { Directory } from '../../src/cyrus/mailbox-list/directory.js';
import { silentLog } from '../../src/log/log.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../src/validation/recipient.js';
import { deferred } from '../../src/validation/verdict.js';
import { entry, FakeList, inboxKey, type Change } from '../fakes/mailbox-list.js';

const USERS = ['a', 'b.c', 'd', 'e', 'f'] as const;

type Layout = 'divided' | 'dotted';
type Edit = {
  readonly user: (typeof USERS)[number];
  readonly domain: 'x.jp' | undefined;
  readonly letters: string;
};

const edit: fc.Arbitrary<Edit> = fc.record({
  user: fc.constantFrom(...USERS),
  domain: fc.constantFrom(undefined, 'x.jp'),
  /** `-` takes the key out. */
  letters: fc.constantFrom('e', 'e', 'ed', '-', '-'),
});

type Step =
  | { readonly does: 'commit' | 'crash'; readonly edits: readonly Edit[] }
  | { readonly does: 'repack' | 'look' | 'beat' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    does: fc.constantFrom('commit', 'commit', 'crash'),
    edits: fc.array(edit, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ does: fc.constantFrom('repack', 'look', 'look', 'beat') }),
);

function changesOf({ user, domain, letters }: Edit, layout: Layout): Change[] {
  const value = letters === '-' ? undefined : entry(letters);
  if (layout === 'divided') {
    const id = `I${user}${domain}`;
    return [
      { key: inboxKey(user, domain), value },
      { key: id, value },
    ];
  }
  const key = `user.${user.replaceAll('.', '^')}`;
  return [{ key: domain === undefined ? key : `${domain}!${key}`, value }];
}

test.each(['divided', 'dotted'] as const)(
  'the directory says what the list holds, in the %s layout',
  async (layout) => {
    let answers = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const file = new FakeList();
        const truth = new Map<string, boolean>();
        let nowMs = 0;
        const rules = () => DEFAULT_ADDRESS_RULES;
        const floor = () => 0;
        const directory = new Directory({
          files: file,
          names: new ChangedNames(file, rules),
          rules,
          proof: () => ({ floor, describe: () => 'by hand', vouchesForUnknown: true, deferUnknown: false }),
          ask: () => Promise.resolve(deferred('nobody is there')),
          pause: () => Promise.resolve(),
          now: () => nowMs,
          log: silentLog,
        });
        const apply = (edits: readonly Edit[]) => {
          file.commit(...edits.flatMap((one) => changesOf(one, layout)));
          for (const { user, domain, letters } of edits) {
            truth.set(domain === undefined ? user : `${user}@${domain}`, letters === 'e');
          }
        };
        apply([{ user: 'a', domain: undefined, letters: 'e' }]);
        let before = new Map(truth);
        const look = () => {
          const told = directory.changed();
          for (const [mailbox, listed] of truth) {
            if (told !== undefined && listed !== (before.get(mailbox) ?? false))
              expect(told).toContain(mailbox);
          }
          before = new Map(truth);
          if (directory.state.standing !== 'ready') return;
          expect(directory.state.mailboxes).toBe([...truth.values()].filter(Boolean).length);
          for (const [mailbox, listed] of truth) {
            answers += 1;
            const said = directory.answer(recipient(mailbox));
            expect(said).toBe(listed ? 'listed' : undefined);
          }
        };
        for (const one of steps) {
          nowMs += 2_000;
          if (one.does === 'commit') apply(one.edits);
          else if (one.does === 'repack') file.repack();
          else if (one.does === 'crash') {
            file.crash(...one.edits.flatMap((edited) => changesOf(edited, layout)));
            file.recover();
          } else if (one.does === 'look') look();
          // It goes on while other things happen.
          else void directory.beat();
          await Promise.resolve();
        }
        nowMs += 10_000;
        await new Promise((resolve) => setImmediate(resolve));
        look();
        directory.close();
      }),
      { numRuns: 400 },
    );
    expect(answers).toBeGreaterThan(1_000);
  },
);

function recipient(key: string): Recipient {
  const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(parsed.kind);
  return parsed.recipient;
}
