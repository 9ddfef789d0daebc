// Asks Postfix what its configuration is: postconf(1), which knows its own defaults, and postmap(1) for our maps.
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
  /** main.cf */
  readonly path: string;
  /** As whom smtpd runs; undefined where id(1) did not tell. */
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

/** Without `proxy:`, which asks a service that may not run; from the queue directory, where a relative path begins. */
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
  // 1 without a word is "not found": an answer.
  if (said === undefined || said.status === 0 || said.errors.trim() === '') return undefined;
  // A daemon that defers is there, and may serve no key without a domain.
  if (said.errors.includes('socketmap server temporary error')) return undefined;
  return said.errors.trim().split('\n').at(-1);
}
