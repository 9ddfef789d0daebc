// What contradicts itself about a back-channel of type "mupdate": who is asked for its servers, and who names it. No I/O.
import { problem, showValue, type Problem } from './problems.js';
import type { MupdateValues, Values } from './schema.js';

export function murderContradictions(values: Values): Problem[] {
  const murders = [...values.backchannel].flatMap(([name, each]) =>
    each.type === 'mupdate' ? [[name, each] as const] : [],
  );
  return [
    ...murders.flatMap(([name, murder]) => [...servers(name, murder, values), ...password(name, murder)]),
    ...shared(
      murders.map(([name]) => name),
      values,
    ),
  ];
}

function servers(name: string, { servers: named }: MupdateValues, { backchannel }: Values): Problem[] {
  const cyrus = [...backchannel].flatMap(([each, { type }]) =>
    type === 'lmtp' || type === 'imap' ? [each] : [],
  );
  return [...named].flatMap(([server, asked]) => {
    if (cyrus.includes(asked)) return [];
    const others = cyrus.join(', ') || 'there is none';
    const rest = `is ${showValue(asked)}: must be the name of a back-channel to that server: ${others}`;
    return [problem(['backchannel', name, 'servers', server], rest)];
  });
}

function password(name: string, { user, passwordFile }: MupdateValues): Problem[] {
  if (passwordFile !== undefined) return [];
  const rest = `is missing: must name the file that holds the password of user ${showValue(user)}`;
  return [problem(['backchannel', name, 'password_file'], rest)];
}

/** It asks its servers by itself, and knows which one. */
function shared(murders: readonly string[], { domains }: Values): Problem[] {
  return [...domains].flatMap(([domain, names]) => {
    const index = names.findIndex((name) => murders.includes(name));
    if (index === -1 || names.length === 1) return [];
    const rest = `is ${showValue(names[index])}: must stand alone, it asks all its servers`;
    return [problem(['domains', domain, index], rest)];
  });
}
