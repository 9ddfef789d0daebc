import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { serversFor } from '../../../src/config/murder-servers.js';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

test('names the servers of a murder in its place, each once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'murder-'));
  try {
    const file = join(folder, 'cyrusmapd.toml');
    writeFileSync(
      file,
      `socketmap.listen = ["unix:/run/x"]
       [backchannel.b1]
       type = "lmtp"
       endpoint = "unix:/run/b1"
       [backchannel.b2]
       type = "lmtp"
       endpoint = "unix:/run/b2"
       [backchannel.murder]
       type = "mupdate"
       endpoint = "inet:3905@127.0.0.1"
       user = "mupdate"
       password_file = "/etc/password"
       servers = { "B1.example.jp" = "b1", "also-b1.example.jp" = "b1", "b2.example.jp" = "b2" }
       [domains]
       "*" = "murder"`,
    );
    const { config } = await loadConfig({ config: file });
    expect(serversFor(['murder'], config)).toEqual(['b1', 'b2']);
    expect(serversFor(['b2'], config)).toEqual(['b2']);
    const murder = config.backchannels.find(({ type }) => type === 'mupdate');
    expect(murder).toMatchObject({
      servers: new Map([
        ['b1.example.jp', 'b1'],
        ['also-b1.example.jp', 'b1'],
        ['b2.example.jp', 'b2'],
      ]),
      heartbeatMs: 1_000,
      maxMailboxes: 2_000_000,
      listTimeoutMs: 900_000,
      login: { user: 'mupdate', passwordFile: '/etc/password' },
      tls: undefined,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
