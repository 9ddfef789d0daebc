import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../unit/source.js';

// .ci/audit.mjs with a program in the place of npm, since what the registry tells is another thing every day.
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'audit-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('npm run audit', () => {
  test('fails where something is known against a package that is shipped', async () => {
    const { status, said } = await audited({ vulnerabilities: { pino: against('pino') } });
    expect(said).toContain('SHIPPED: pino: high: It gives in https://example.org/1');
    expect(status).toBe(1);
  });

  test('tells what is known against a tool, and does not fail', async () => {
    const { status, said } = await audited({ vulnerabilities: { vitest: against('vitest') } });
    expect(said).toContain('not shipped: vitest: high');
    expect(said).toMatch(/\d+ packages are shipped: something is known against 0 of them/);
    expect(status).toBe(0);
  });

  test('says that nothing is known, where the registry does not answer', async () => {
    const { status, said } = await audited({ message: '405 Method Not Allowed', statusCode: 405 });
    expect(said).toBe('NOT AUDITED: the registry of npm tells of no advisories: 405 Method Not Allowed\n');
    expect(status).toBe(69);
  });
});

function against(name: string): object {
  return { name, severity: 'high', via: [{ title: 'It gives in', url: 'https://example.org/1' }] };
}

function audited(report: object): Promise<{ status: unknown; said: string }> {
  const npm = join(folder, 'npm');
  const warning = 'message' in report ? `echo 'npm warn audit ${String(report.message)}' >&2\n` : '';
  writeFileSync(npm, `#!/bin/sh\n${warning}cat <<'END'\n${JSON.stringify(report)}\nEND\n`);
  chmodSync(npm, 0o755);
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH']}` };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, '.ci/audit.mjs')], { env }, (error, stdout, stderr) =>
      resolve({ status: error?.code ?? 0, said: stdout + stderr }),
    );
  });
}
