import { describe, expect, it } from 'vitest';
import { refuseWhatCannotPass } from '../../../src/daemon/takeover-checks.js';
import type { Config } from '../../../src/config/config.js';
import type { Running } from '../../../src/daemon/predecessor.js';
import { parseEndpoint } from '../../../src/net/endpoint.js';

const PORT = 'inet:7860@127.0.0.1';
const FILE = '/etc/cyrusmapd.toml';
const STANDING = { listeners: [PORT], program: '', taking: false };

function refuse(listen: readonly string[], running: Partial<Running>, shares: boolean): void {
  const config = {
    socketmap: { listen: listen.map((each) => parseEndpoint(each)) },
    policy: { listen: [] },
    file: FILE,
  };
  const standing = { ...STANDING, sharesPorts: true };
  refuseWhatCannotPass(
    config as unknown as Pick<Config, 'socketmap' | 'policy' | 'file'>,
    { standing, config: FILE, version: '0.1.0', ...running },
    shares,
  );
}

describe('what cannot pass to another process', () => {
  it('is nothing where all sockets are files, whatever the runtime', () => {
    expect(() => refuse(['unix:/run/s'], {}, false)).not.toThrow();
  });

  it('is no port that both share, nor one that the running daemon has not', () => {
    expect(() => refuse([PORT], {}, true)).not.toThrow();
    expect(() => refuse(['inet:7861@127.0.0.1'], {}, false)).not.toThrow();
  });

  it.each([
    ['the new one', true, false],
    ['the running one', false, true],
  ])('is a port where %s cannot share it', (_, old, shares) => {
    const standing = { ...STANDING, sharesPorts: old };
    expect(() => refuse([PORT], { standing }, shares)).toThrow(`${PORT} cannot pass`);
  });

  it('is every port of a release before takeovers, and whatever has another configuration there', () => {
    const older = { standing: undefined };
    expect(() => refuse(['unix:/run/s'], older, true)).not.toThrow();
    expect(() => refuse([PORT], older, true)).toThrow('does not share its ports');
    expect(() => refuse(['unix:/run/s'], { ...older, config: '/other' }, true)).toThrow('/other');
  });
});
