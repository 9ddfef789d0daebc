import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { filesOf } from '../../../src/daemon/watched-files.js';
import { configured, pathOf } from './configured.js';

const CYRUS =
  '[domains]\n"*" = "cyrus"\n[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "inet:24@127.0.0.1"\n';

async function watched(text: string): Promise<string[]> {
  return [...(await filesOf(await configured(text))).keys()].map((path) => path.replace(/.*\//, ''));
}

describe('the files that may change without a signal', () => {
  test('are none where none is named', async () => {
    expect(await watched(CYRUS)).toEqual([]);
  });

  test('are passwords, certificates and who is always accepted', async () => {
    writeFileSync(pathOf('password'), 'secret', { mode: 0o600 });
    const access = `user = "cyrus"\npassword_file = "${pathOf('password')}"\ntls = "starttls"\nca_file = "${pathOf('ca')}"\nclient_cert = "${pathOf('cert')}"\nclient_key = "${pathOf('key')}"\n`;
    const text = `[lookup]\nalways_accept_file = "${pathOf('always')}"\n${CYRUS}${access}`;
    expect(await watched(text)).toEqual(['password', 'ca', 'cert', 'key', 'always']);
  });

  test('are what lets us in to the fleet, too', async () => {
    const fleet = `[fleet]\nurl = "valkeys://h"\npassword_file = "${pathOf('fleet')}"\nca_file = "${pathOf('fleet-ca')}"\n`;
    expect(await watched(`${CYRUS}stream = "s"\n${fleet}`)).toEqual(['fleet', 'fleet-ca']);
  });

  test('are not those of a list, which watches its own', async () => {
    const list = `[domains]\n"*" = "aliases"\n[backchannel.aliases]\ntype = "list"\nformat = "virtual"\nfile = "${pathOf('aliases')}"\n`;
    expect(await watched(list)).toEqual([]);
  });

  test('are known as they are now, or as not there', async () => {
    writeFileSync(pathOf('password'), 'secret', { mode: 0o600 });
    const text = `${CYRUS}user = "cyrus"\npassword_file = "${pathOf('password')}"\ntls = "implicit"\nca_file = "${pathOf('nosuch')}"\n`;
    const files = await filesOf(await configured(text));
    expect(files.get(pathOf('password'))).toMatchObject({ size: 6n });
    expect([files.has(pathOf('nosuch')), files.get(pathOf('nosuch'))]).toEqual([true, undefined]);
  });

  test('are those of Cyrus, too, as they were when they were read', async () => {
    const stamp = { path: '/etc/imapd.conf', ino: 1n, size: 2n, mtimeNs: 3n, ctimeNs: 4n, dev: 5n };
    const config = await configured(CYRUS);
    const files = await filesOf(Object.assign({}, config, { host: { files: [stamp] } }));
    expect(files.get('/etc/imapd.conf')).toBe(stamp);
  });
});
