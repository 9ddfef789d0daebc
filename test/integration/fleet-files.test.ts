// A daemon whose way to Valkey depends on files: where one of them changes, the next connection goes by the new one, without a
// restart, and a bad one leaves what is in force.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { RespServer } from '../fakes/resp-server.js';
import { DaemonRig } from './daemon-rig.js';
import { afterwards, recordingLog } from './socketmap-rig.js';

/** The watch looks once a second, and wants a file to stand still for as long. */
const NOTICED = { timeout: 8_000, interval: 50 };

test('another password in its file is used from the next connection on', async () => {
  const rig = new DaemonRig();
  const lmtpd = await rig.newLmtpd('lmtp');
  let right = 'old';
  const valkey = await RespServer.listen(([name, , given]) => {
    if (name === 'auth') return given === right ? '+OK' : '-WRONGPASS no';
    return name === 'get' ? '$-1' : ':1';
  });
  afterwards(() => valkey.stop());
  const passwordFile = join(rig.folder, 'password');
  const write = (password: string, mode = 0o600) => {
    writeFileSync(passwordFile, `${password}\n`);
    chmodSync(passwordFile, mode);
  };
  const given = () => valkey.commands.filter(([name]) => name === 'auth').map(([, , password]) => password);
  write('old');
  const read = (): Promise<Config> =>
    rig.configured(
      lmtpd,
      `stream = "cyrus"
       [fleet]
       url = "valkey://127.0.0.1:${valkey.port}"
       user = "us"
       password_file = "${passwordFile}"`,
    );
  const refused: unknown[] = [];
  let reloads = 0;
  const daemon: Daemon = await Daemon.start(await read(), recordingLog(rig.lines), () => {
    void read()
      .then((config) => daemon.reload(config))
      .catch((error: unknown) => refused.push(error))
      .finally(() => (reloads += 1));
  });
  afterwards(() => daemon.stop());
  await vi.waitFor(() => expect(given().length).toBeGreaterThan(0), NOTICED);

  right = 'new';
  write('new');
  await vi.waitFor(() => expect(reloads).toBe(1), NOTICED);
  expect(new Set(given())).toEqual(new Set(['old']));
  valkey.drop();
  await vi.waitFor(() => expect(given()).toContain('new'), NOTICED);

  write('open to others', 0o644);
  await vi.waitFor(() => expect(reloads).toBe(2), NOTICED);
  expect(refused.map(String)).toEqual([expect.stringMatching(/fleet\.password_file is .* mode 0644/)]);
  valkey.drop();
  const before = given().length;
  await vi.waitFor(() => expect(given().length).toBeGreaterThan(before), NOTICED);
  expect(given().slice(before)).not.toContain('open to others');
});
