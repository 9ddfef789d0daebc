// What the command says before it does anything: its help, and that it needs a later Node.
import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { MAIN, run } from './cyrusmapd-process.js';

const MANIFEST = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly engines: { readonly node: string };
};

describe('cyrusmapd help', () => {
  test('prints what --help does', async () => {
    const help = await run('--help');
    expect(help.status).toBe(0);
    expect(help.stdout).toContain('Usage: cyrusmapd');
    expect(await run('help')).toEqual(help);
  });

  test('of a command prints what --help of that command does', async () => {
    const help = await run('lookup', '--help');
    expect(help.stdout).toContain('Usage: cyrusmapd lookup');
    expect(await run('help', 'lookup')).toEqual(help);
  });

  test('of no command ends with 64, and names it', async () => {
    const { status, stdout, stderr } = await run('help', 'sreve');
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toBe("error: unknown command 'sreve'\n");
  });
});

describe('on a Node that is too old', () => {
  const least = /^>=(\d+)$/.exec(MANIFEST.engines.node)?.[1] ?? '';

  test.each([
    ['18.20.4', '--version'],
    ['16.20.2', 'serve', '--help'],
    ['9.0.0', 'lookup', 'alice@example.jp'],
  ])('%s every command says in one sentence which one it needs: %s', (version, ...args) => {
    const { status, stdout, stderr } = on(version, ...args);
    expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
    expect(stderr).toBe(`cyrusmapd: this is Node.js ${version}: must be ${least} or later\n`);
  });

  test.each([`${least}.0.0`, '100.0.0'])('%s is not one', (version) => {
    expect(on(version, '--version')).toMatchObject({ status: 0, stderr: '' });
  });

  // A name that its module does not have would end the program before it could say anything.
  test('the program is loaded all the same: it takes no name out of a module of Node while it is linked', () => {
    const text = readFileSync(MAIN, 'utf8');
    const imports = text.match(/^(import|export)\b.*\bfrom\b.*$/gm) ?? [];
    expect(imports.length).toBeGreaterThan(5);
    expect(imports.filter((line) => !/^import \* as [\w$]+ from "node:[\w/]+";$/.test(line))).toEqual([]);
  });
});

/** As a Node of that version would run it, which only says so. */
function on(version: string, ...args: string[]) {
  const code = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  const command = ['--import', `data:text/javascript,${encodeURIComponent(code)}`, MAIN, ...args];
  return spawnSync(process.execPath, command, { encoding: 'utf8' });
}
