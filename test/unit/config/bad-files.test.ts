// A folder of bad configurations, each of which must fail for the reason that its first line states, in the line that it
// states: `:7: lookup.deadline is…`.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { ConfigError } from '../../../src/errors.js';

const FOLDER = fileURLToPath(new URL('../../fixtures/config/', import.meta.url));

/** What is wrong with them stands nowhere in them. */
const WITHOUT_A_LINE = new Set(['domains-missing.toml', 'empty.toml']);

async function failureOf(file: string): Promise<unknown> {
  return loadConfig({ config: file }).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('a bad configuration is refused for its own reason', () => {
  for (const name of readdirSync(FOLDER)) {
    test(name, async () => {
      const file = `${FOLDER}${name}`;
      const stated = /^# Must fail: (.+)$/m.exec(readFileSync(file, 'utf8'))?.[1];
      const error = await failureOf(file);
      expect(error).toBeInstanceOf(ConfigError);
      const message = (error as ConfigError).message;
      expect(stated).toBeDefined();
      expect(message).toContain(stated);
      expect(message.split('\n'), 'one reason, and no other').toHaveLength(1);
      expect(message.startsWith(file), 'names the file').toBe(true);
      if (!WITHOUT_A_LINE.has(name)) expect(stated, 'names the line').toMatch(/^:\d+:/);
      expect(message).not.toContain('hunter2');
    });
  }
});
