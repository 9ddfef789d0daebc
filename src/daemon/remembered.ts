// Shows what is remembered, forgets it by name or by domain, and lists it, as the control commands want it. In steps, so that a
// store of a million names does not hold up any lookup. No I/O.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Flush, Remembered } from '../admin/operations.js';
import { parseKey } from '../validation/recipient.js';
import type { Validator } from '../validation/validator.js';
import type { VerdictCache } from '../validation/verdict-cache.js';

/** How many names are looked at in one turn of the event loop: that takes about a millisecond. */
const STEP = 2_000;

export function rememberedOf(mailbox: string, cache: VerdictCache, now: number): Remembered | undefined {
  const found = cache.remembered(mailbox);
  if (found === undefined) return undefined;
  return {
    mailbox,
    state: found.state,
    ageMs: Math.round(Math.max(0, now - found.at)),
    believed: cache.believed(mailbox, now, found.by) !== undefined,
    ...(found.by.name === '' ? {} : { by: found.by.name }),
  };
}

export async function* dump(
  domain: string | undefined,
  { cache, validator, now }: { cache: VerdictCache; validator: Validator; now: () => number },
): AsyncGenerator<readonly Remembered[]> {
  for await (const names of stepsOf(cache, ofDomain(domain, validator))) {
    const at = now();
    yield names.flatMap((name) => rememberedOf(name, cache, at) ?? []);
  }
}

/** @returns how many were forgotten */
export async function flush(what: Flush, cache: VerdictCache, validator: Validator): Promise<number> {
  switch (what.what) {
    case 'all': {
      const count = cache.knownSize + cache.negativeSize;
      validator.forgetAll();
      return count;
    }
    case 'negative': {
      const count = cache.negativeSize;
      validator.forgetNegative();
      return count;
    }
    case 'key': {
      const parsed = parseKey(what.name, validator.addressRules);
      if (parsed.kind !== 'recipient') return 0;
      return forget([parsed.recipient.mailbox], cache, validator);
    }
    case 'domain': {
      let count = 0;
      for await (const names of stepsOf(cache, ofDomain(what.name, validator))) {
        count += forget(names, cache, validator);
      }
      return count;
    }
  }
}

/** An answer that Cyrus is just asked for will not be believed either. */
function forget(names: readonly string[], cache: VerdictCache, validator: Validator): number {
  let count = 0;
  for (const name of names) {
    if (cache.remembered(name) !== undefined) count += 1;
    validator.forget(name);
  }
  return count;
}

function ofDomain(domain: string | undefined, { addressRules }: Validator): (mailbox: string) => boolean {
  if (domain === undefined) return () => true;
  const end = `@${domain.toLowerCase()}`;
  const isDefault = addressRules.defaultDomain === domain.toLowerCase();
  return (mailbox) => mailbox.endsWith(end) || (isDefault && !mailbox.includes('@'));
}

async function* stepsOf(
  cache: VerdictCache,
  wanted: (mailbox: string) => boolean,
): AsyncGenerator<readonly string[]> {
  const names = cache.mailboxes();
  for (let from = 0; from < names.length; from += STEP) {
    yield names.slice(from, from + STEP).filter(wanted);
    await nextTurn();
  }
}
