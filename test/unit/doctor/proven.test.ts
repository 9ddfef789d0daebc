// Each finding of doctor has a mend that a test has done, or a reason why there is none to do.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ADVICE, PROVEN } from '../../mends/proven.js';

const DOCTOR = fileURLToPath(new URL('../../../src/doctor/', import.meta.url));

/** `check: 'socket.mode'`, or the first argument of what makes findings. */
function findings(): Set<string> {
  const files = readdirSync(DOCTOR).filter((name) => name.startsWith('check-'));
  const texts = files.map((name) => readFileSync(join(DOCTOR, name), 'utf8'));
  const names = texts.flatMap((text) => [...text.matchAll(/(?:check: |tell\(\s*)'([a-z]+\.[a-z]+)'/g)]);
  return new Set(names.map(([, name = '']) => name));
}

test('knows each finding, and no other', () => {
  const known = new Set([...Object.values(PROVEN).flat(), ...ADVICE.keys()]);
  expect([...known].sort()).toEqual([...findings()].sort());
});
