// Reads the files that a back-channel needs to log in: the password, and for TLS the authorities that we trust and our own
// certificate. They are read with the configuration, so that a bad file is refused at once, and again where one has changed.
import { createSecureContext } from 'node:tls';
import type { LoginConfig, TlsConfig } from '../config/config.js';
import type { BindingType } from '../config/mechanism-names.js';
import type { Login } from '../cyrus/sasl/log-in.js';
import { readPasswordFile } from './password-file.js';
import { checkTlsFiles, readTlsFiles, type TlsFiles } from './tls-files.js';
import { channelBinding } from '../cyrus/wire/channel-binding.js';
import { handshake, type TlsSettings } from '../cyrus/wire/tls.js';
// Sessions import this module only when they need it. It is loaded here, since after an upgrade the file may be of another version.
import '../cyrus/sasl/log-in.js';

export type Access = { readonly login: Login | undefined; readonly tls: TlsSettings | undefined };

/** The contents of these files, kept so that a reload can tell whether they have changed. */
export type AccessFiles = TlsFiles & { readonly password: string | undefined };

type Configured = {
  readonly name: string;
  readonly login: LoginConfig | undefined;
  readonly tls: TlsConfig | undefined;
};

/** @throws ConfigError where a file cannot be read, or a secret one is open to others */
export async function readAccessFiles({ name, login, tls }: Configured): Promise<AccessFiles> {
  const key = `backchannel.${name}`;
  const { passwordFile } = login ?? {};
  const password = passwordFile && (await readPasswordFile(passwordFile, `${key}.password_file`));
  return { password, ...(await readTlsFiles(key, tls ?? {})) };
}

/** @throws ConfigError where a file holds no certificate or key, or where the two do not belong together */
export function toAccess({ name, login, tls }: Configured, files: AccessFiles): Access {
  return {
    login: login && {
      credentials: {
        user: login.user,
        password: files.password,
        authorizationId: login.authorizationId,
      },
      mechanisms: login.mechanisms,
      plainAnywhere: login.plainAnywhere,
    },
    tls: tls && toTlsSettings(name, tls, files, login?.channelBinding ?? 'none'),
  };
}

function toTlsSettings(
  name: string,
  tls: TlsConfig,
  files: AccessFiles,
  binding: BindingType | 'none',
): TlsSettings {
  checkTlsFiles(`backchannel.${name}`, tls, files);
  const { ca, cert, key } = files;
  const { mode, serverName, minVersion } = tls;
  const context = createSecureContext({ ca, cert, key, minVersion });
  const settings = { mode, serverName, context, handshake };
  return binding === 'none' ? settings : { ...settings, bind: (secured) => channelBinding(secured, binding) };
}
