// Asks Postfix itself: postconf(1) for its configuration with all defaults, and postmap(1) whether our maps answer.
import type { Unseen } from './finding.js';
import {
  parseServices,
  parseSettings,
  socketMapsOf,
  wordsOf,
  type PostfixConf,
  type SocketMap,
} from './postfix-conf.js';
import type { RunProgram } from './run-program.js';

const SETTINGS = [
  'config_directory',
  'local_recipient_maps',
  'mail_owner',
  'mail_version',
  'mydestination',
  'queue_directory',
  'relay_domains',
  'relay_recipient_maps',
  'smtpd_recipient_restrictions',
  'smtpd_reject_unlisted_recipient',
  'virtual_alias_domains',
  'virtual_alias_maps',
  'virtual_mailbox_domains',
  'virtual_mailbox_maps',
  'virtual_transport',
] as const;

export type PostfixPicture = PostfixConf & {
  /** Where main.cf is. */
  readonly path: string;
  /** The user as whom smtpd runs; undefined where id(1) did not tell. */
  readonly identity: Identity | undefined;
  /** What postmap says of a name through each socket map of ours: an error, or undefined where it answers. */
  readonly answers: readonly { readonly map: SocketMap; readonly error: string | undefined }[];
};

/** A user as the kernel knows him. */
export type Identity = { readonly name: string; readonly uid: number; readonly groups: readonly number[] };

/** @returns undefined where there is no Postfix */
export async function askPostfix(run: RunProgram, unseen: Unseen[]): Promise<PostfixPicture | undefined> {
  const settings = await run('postconf', ['-x', ...SETTINGS]);
  if (settings === undefined) return undefined;
  if (settings.status !== 0) {
    unseen.push({ what: 'Postfix', why: settings.errors.split('\n')[0] || 'postconf failed' });
    return undefined;
  }
  const [services, types] = await Promise.all([run('postconf', ['-M']), run('postconf', ['-m'])]);
  const conf = {
    settings: parseSettings(settings.output),
    services: parseServices(services?.output ?? ''),
    mapTypes: new Set(wordsOf(types?.output ?? '')),
  };
  const answers = await Promise.all(
    socketMapsOf(conf)
      .filter(({ parameter }) => parameter === 'virtual_mailbox_maps' || parameter === 'relay_recipient_maps')
      .map(async (map) => ({ map, error: await errorOf(map, conf, run) })),
  );
  const path = `${conf.settings.get('config_directory') ?? '/etc/postfix'}/main.cf`;
  const identity = await identityOf(conf.settings.get('mail_owner') ?? 'postfix', run);
  return { ...conf, path, identity, answers };
}

async function identityOf(name: string, run: RunProgram): Promise<Identity | undefined> {
  const [user, groups] = await Promise.all([run('id', ['-u', name]), run('id', ['-G', name])]);
  if (user?.status !== 0 || groups?.status !== 0) return undefined;
  return { name, uid: Number(user.output), groups: wordsOf(groups.output).map(Number) };
}

/** Asks without `proxy:`, whose service may not run; and from the queue directory, since relative paths begin there. */
async function errorOf(
  map: SocketMap,
  { settings }: PostfixConf,
  run: RunProgram,
): Promise<string | undefined> {
  const bare = map.proxied ? map.text.slice('proxy:'.length) : map.text;
  const queue = settings.get('queue_directory') ?? '/var/spool/postfix';
  const text =
    map.path === undefined || map.path.startsWith('/') ? bare : bare.replace('unix:', () => `unix:${queue}/`);
  const said = await run('postmap', ['-q', 'postmaster', text]);
  // Status 1 without a word means "not found", which is an answer.
  if (said === undefined || said.status === 0 || said.errors.trim() === '') return undefined;
  // A daemon that defers is there: it may serve no name without a domain.
  if (said.errors.includes('socketmap server temporary error')) return undefined;
  return said.errors.trim().split('\n').at(-1);
}
