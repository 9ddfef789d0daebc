import { describe, expect, test } from 'vitest';
import { ALIASES, aliasOf, drawLetters } from '../../letters/recipients.js';
import { tallyOf, type Fate } from '../../letters/tally.js';

const SOUND: Fate = {
  letter: { number: 0, kind: 'existing', to: 'a@example.jp' },
  said: 'taken',
  bounced: false,
  arrived: true,
  deliverable: true,
};
const NOTHING_WRONG = { bounced: [], wronglyRefused: [], wronglyDeferred: [], lost: [] };

describe('a tally', () => {
  test('finds nothing wrong with what is delivered, or rightly refused or deferred', () => {
    const others = (['refused', 'deferred'] as const).map((said): Fate => {
      return { ...SOUND, said, arrived: false, deliverable: false };
    });
    const counts = { letters: 3, taken: 1, refused: 1, deferred: 1 };
    expect(tallyOf([SOUND, ...others])).toEqual({ ...counts, ...NOTHING_WRONG });
  });

  test.each([
    ['bounced', { bounced: true, arrived: false, deliverable: false }],
    ['wronglyRefused', { said: 'refused', arrived: false }],
    ['wronglyDeferred', { said: 'deferred', arrived: false }],
    ['lost', { arrived: false }],
  ] as const)('counts what is %s, and as nothing else', (name, fate) => {
    const { letter } = SOUND;
    const shown = `${letter.to} (existing): ${'said' in fate ? fate.said : 'taken'}`;
    expect(tallyOf([{ ...SOUND, ...fate }])).toMatchObject({ ...NOTHING_WRONG, [name]: [shown] });
  });
});

describe('the letters', () => {
  test('are the same with the same seed, and of every kind', () => {
    const letters = drawLetters(300, 1);
    expect(drawLetters(300, 1)).toEqual(letters);
    expect(drawLetters(300, 2)).not.toEqual(letters);
    expect(new Set(letters.map(({ kind }) => kind)).size).toBe(12);
  });

  test('know an alias whatever its case and detail', () => {
    expect(aliasOf('INFO+x@example.jp')).toBe('info@example.jp');
    expect(aliasOf('info2@example.jp')).toBeUndefined();
    expect(ALIASES.size).toBe(9);
  });
});
