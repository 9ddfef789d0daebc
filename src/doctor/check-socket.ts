// The way to our socket as Sendmail's safefile() wants it (libsmutil/safefile.c, measured on 8.17.1): no folder that
// others may write, no link in the socket's place; and somebody who answers behind it. No I/O.
import { formatEndpoint } from '../net/endpoint.js';
import type { Finding } from './finding.js';
import type { Picture, SocketPath } from './picture.js';

const GROUP_WRITE = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;
const OWNER_READ_WRITE = 0o600;

export function checkSocket({ sockets, listeners, sendmail }: Picture): Finding[] {
  const silent = listeners.flatMap(({ endpoint, error }) =>
    error === undefined ? [] : [notListening(formatEndpoint(endpoint), error)],
  );
  if (sendmail === undefined) return silent;
  const { dontBlame } = sendmail.cf;
  return [
    ...sockets.flatMap((socket) => [...checkFolders(socket, dontBlame), ...checkFile(socket)]),
    ...silent,
  ];
}

function notListening(endpoint: string, error: string): Finding {
  return {
    check: 'socket.silent',
    severity: 'error',
    where: endpoint,
    what: `no daemon answers: ${error}`,
    why: 'every lookup there is a 451',
    mend: 'service cyrusmapd start',
  };
}

function checkFolders({ path, folders }: SocketPath, dontBlame: ReadonlySet<string>): Finding[] {
  const unsafe = folders.flatMap((folder) => {
    const who = whoElseWrites(folder.mode, dontBlame);
    return who === undefined ? [] : [{ ...folder, who }];
  });
  return unsafe.map((folder) => ({
    check: 'socket.folder',
    severity: 'error',
    where: folder.path,
    what: `the folder ${folder.path} on the way to ${path} can be written by ${folder.who} (mode ${octal(folder.mode)})`,
    why: `Sendmail refuses the socket as "unsafe: ${folder.who} writable directory", and every lookup is a 451`,
    mend: `chmod ${folder.who === 'group' ? 'g-w' : 'go-w'} ${folder.path}`,
  }));
}

function whoElseWrites(mode: number, dontBlame: ReadonlySet<string>): 'group' | 'world' | undefined {
  const trusted = (mode & STICKY) !== 0 && dontBlame.has('truststickybit');
  if ((mode & OTHERS_WRITE) !== 0) return trusted ? undefined : 'world';
  if ((mode & GROUP_WRITE) === 0 || trusted) return undefined;
  return dontBlame.has('groupwritabledirpathsafe') ? undefined : 'group';
}

function checkFile({ path, file, mode }: SocketPath): Finding[] {
  if (file === 'link' || file === 'other') {
    const what = file === 'link' ? 'a symbolic link' : 'no socket';
    return [
      {
        check: 'socket.link',
        severity: 'error',
        where: path,
        what: `${path} is ${what}`,
        why: 'Sendmail refuses it as unsafe, and every lookup is a 451',
        mend: `rm ${path}; service cyrusmapd restart`,
      },
    ];
  }
  if (file === 'missing' || (mode & OWNER_READ_WRITE) === OWNER_READ_WRITE) return [];
  return [
    {
      check: 'socket.mode',
      severity: 'error',
      where: path,
      what: `${path} has mode ${octal(mode)}`,
      why: 'Sendmail wants its owner to read and write it, and every lookup is a 451',
      mend: 'in cyrusmapd.toml, [socketmap]: socket_mode = "0660"; then service cyrusmapd restart',
    },
  ];
}

function octal(mode: number): string {
  return `0${(mode & 0o7777).toString(8).padStart(3, '0')}`;
}
