// Settings of [fleet], and of back-channels that follow a stream, that contradict each other. No I/O.
import { problem, showValue, type Problem } from './problems.js';
import type { Values } from './schema.js';

export function fleetContradictions({ fleet, backchannel }: Values): Problem[] {
  const followers = [...backchannel].flatMap(([name, each]) =>
    each.type === 'list' || each.type === 'mupdate' || each.stream === undefined
      ? []
      : [{ name, stream: each.stream }],
  );
  const { url, publish } = fleet;
  if (url === undefined) {
    return [
      ...(publish === undefined
        ? []
        : [problem(['fleet', 'publish'], `is ${showValue(publish)}: must be with a url`)]),
      ...followers.map(({ name, stream }) =>
        problem(['backchannel', name, 'stream'], `is ${showValue(stream)}: must be with fleet.url`),
      ),
    ];
  }
  if (publish === undefined && followers.length === 0)
    return [
      problem(['fleet', 'url'], 'must be with fleet.publish, or with a back-channel that has a stream'),
    ];
  return [
    ...followers.flatMap(({ name, stream }) =>
      stream === publish
        ? [
            problem(
              ['backchannel', name, 'stream'],
              `is ${showValue(stream)}: must be another one than fleet.publish, which is ours`,
            ),
          ]
        : [],
    ),
    ...uselessKeys(fleet),
  ];
}

/** Whoever names a CA believes that he is protected. */
function uselessKeys(fleet: Values['fleet']): Problem[] {
  const { url, user, passwordFile, caFile, serverName, clientCert, clientKey } = fleet;
  const tls = { ca_file: caFile, server_name: serverName, client_cert: clientCert, client_key: clientKey };
  const useless = url?.tls === true ? [] : Object.entries(tls).filter(([, value]) => value !== undefined);
  const problems = useless.map(([key, value]) =>
    problem(['fleet', key], `is ${showValue(value)}: must be with a url of valkeys://`),
  );
  if (user !== undefined && passwordFile === undefined)
    problems.push(
      problem(['fleet', 'password_file'], `is missing: must hold the password of user ${showValue(user)}`),
    );
  if ((clientCert === undefined) !== (clientKey === undefined))
    problems.push(problem(['fleet', 'client_cert'], 'must be with client_key, and client_key with it'));
  return problems;
}
