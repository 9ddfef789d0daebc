// The keys of a UNIX socket's file, which several tables have: whose it is, and who may write to it. Descriptions; no I/O.
import { key } from '../key.js';
import { account, fileMode } from '../kinds.js';

type SocketWords = {
  /** What the file belongs to, in words: `UNIX socket`. */
  readonly of: string;
  /** For the sample file. */
  readonly group: string;
  /** What more is to be said of the owner, the group and the mode. */
  readonly notes: { readonly owner?: string; readonly group?: string; readonly mode?: string };
};

export const socketFile = ({ of, group, notes }: SocketWords) => ({
  socket_owner: key(account(), {
    unset: 'the user of the process',
    example: 'cyrusmapd',
    since: '0.1.0',
    text: `The user who owns the ${of}'s file.${notes.owner ?? ''}`,
  }),
  socket_group: key(account(), {
    unset: 'the group of the process',
    example: group,
    since: '0.1.0',
    text: `The group of the ${of}'s file${notes.group ?? '.'}`,
  }),
  socket_mode: key(fileMode(), {
    default: '0660',
    since: '0.1.0',
    text: `The mode of the ${of}'s file.${notes.mode ?? ''}`,
  }),
});
