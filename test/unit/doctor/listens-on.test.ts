import { expect, test } from 'vitest';
import { listensOn } from '../../../src/doctor/listens-on.js';
import { parseEndpoint } from '../../../src/net/endpoint.js';

test.each([
  ['/run/lmtp', 'unix:/run/lmtp', true],
  ['/run/lmtp', 'unix:/run/other', false],
  ['lmtp', 'inet:24@mail.example.jp', true],
  ['imap', 'inet:143@localhost', true],
  ['imaps', 'inet:993@localhost', true],
  ['2003', 'inet:2003@localhost', true],
  ['2003', 'inet:2004@localhost', false],
  ['pop3', 'inet:110@localhost', false],
  ['127.0.0.1:lmtp', 'inet:24@127.0.0.1', true],
  ['192.0.2.1:lmtp', 'inet:24@192.0.2.2', false],
  ['192.0.2.1:lmtp', 'inet:24@localhost', true],
  ['[::1]:lmtp', 'inet6:24@::1', true],
  ['[::1]:2003', 'inet6:24@::1', false],
])('listen=%s is the endpoint %s: %s', (listen, endpoint, same) => {
  expect(listensOn(listen, parseEndpoint(endpoint))).toBe(same);
});
