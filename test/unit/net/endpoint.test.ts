import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/errors.js';
import { formatEndpoint, isLocal, parseEndpoint } from '../../../src/net/endpoint.js';

describe('an endpoint', () => {
  test.each([
    ['unix:/run/x', { kind: 'unix', path: '/run/x' }, 'unix:/run/x'],
    ['local:/run/x', { kind: 'unix', path: '/run/x' }, 'unix:/run/x'],
    [
      'inet:24@mail.example.jp',
      { kind: 'inet', host: 'mail.example.jp', port: 24 },
      'inet:24@mail.example.jp',
    ],
    ['inet:0@127.0.0.1', { kind: 'inet', host: '127.0.0.1', port: 0 }, 'inet:0@127.0.0.1'],
    ['inet6:65535@::1', { kind: 'inet6', host: '::1', port: 65535 }, 'inet6:65535@::1'],
    ['inet6:24@[2001:db8::1]', { kind: 'inet6', host: '2001:db8::1', port: 24 }, 'inet6:24@2001:db8::1'],
    [`unix:/${'x'.repeat(102)}`, { kind: 'unix', path: `/${'x'.repeat(102)}` }, `unix:/${'x'.repeat(102)}`],
  ])('%s', (text, endpoint, written) => {
    expect(parseEndpoint(text)).toEqual(endpoint);
    expect(formatEndpoint(parseEndpoint(text))).toBe(written);
    expect(parseEndpoint(written)).toEqual(endpoint);
  });

  test.each([
    ['/run/x', 'x is "/run/x": must be unix:/path, local:/path, inet:PORT@HOST or inet6:PORT@HOST'],
    ['tcp:24@h', 'x is "tcp:24@h": must be unix:/path, local:/path, inet:PORT@HOST or inet6:PORT@HOST'],
    ['unix:run/x', 'x is "unix:run/x": the path of a UNIX socket must begin with /'],
    [`unix:/${'é'.repeat(52)}`, "x has a path of 105 bytes: a UNIX socket's path has 103 at most"],
    ['unix:/a\0b', 'x has a NUL in its path: not allowed'],
    ['inet:h', 'x is "inet:h": must be inet:PORT@HOST with a port from 0 to 65535'],
    ['inet6:65536@h', 'x is "inet6:65536@h": must be inet6:PORT@HOST with a port from 0 to 65535'],
    ['inet:024000@h', 'x is "inet:024000@h": must be inet:PORT@HOST with a port from 0 to 65535'],
    ['inet:24@', 'x is "inet:24@": must name a host after the @'],
    ['inet:24@a b', 'x is "inet:24@a b": must name a host after the @'],
    ['inet:24@::1', 'x is "inet:24@::1": an IPv6 address needs inet6:'],
  ])('%j is none: %s', (text, message) => {
    expect(() => parseEndpoint(text, 'x')).toThrow(new ConfigError(message));
  });

  test.each([
    ['unix:/run/x', true],
    ['inet:1@localhost', true],
    ['inet:1@127.255.0.9', true],
    ['inet6:1@::1', true],
    ['inet:1@128.0.0.1', false],
    ['inet:1@127.example.jp', false],
    ['inet6:1@::', false],
  ])('%s is of this machine alone: %s', (text, local) => {
    expect(isLocal(parseEndpoint(text))).toBe(local);
  });
});
