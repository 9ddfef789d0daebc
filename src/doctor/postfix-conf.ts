// What postconf(1) prints of main.cf and master.cf, and the socket maps in it. As Postfix 3.5 to 3.10 have it. No I/O.

export type PostfixConf = {
  /** Names of main.cf and their values, with what they refer to put in: `postconf -x`. */
  readonly settings: ReadonlyMap<string, string>;
  /** Of master.cf: `postconf -M`. */
  readonly services: readonly PostfixService[];
  /** `postconf -m` */
  readonly mapTypes: ReadonlySet<string>;
};

export type PostfixService = {
  readonly name: string;
  readonly type: string;
  /** `-` is no from 3.0 on. */
  readonly chroot: boolean;
  readonly command: string;
};

/** `proxy:socketmap:unix:/run/cyrusmapd/socketmap:cyrus` */
export type SocketMap = {
  /** As it is written. */
  readonly text: string;
  readonly parameter: string;
  readonly proxied: boolean;
  /** undefined for TCP. */
  readonly path: string | undefined;
};

export function parseSettings(output: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const line of output.split('\n')) {
    const equals = line.indexOf('=');
    if (equals !== -1) settings.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
  }
  return settings;
}

export function parseServices(output: string): PostfixService[] {
  return output.split('\n').flatMap((line) => {
    const [name, type, , , chroot, , , command] = line.trim().split(/\s+/);
    if (name === undefined || type === undefined || command === undefined) return [];
    return [{ name, type, chroot: chroot === 'y', command }];
  });
}

export function socketMapsOf({ settings }: PostfixConf): SocketMap[] {
  return [...settings].flatMap(([parameter, value]) =>
    wordsOf(value).flatMap((text): SocketMap[] => {
      const proxied = text.startsWith('proxy:');
      const rest = proxied ? text.slice('proxy:'.length) : text;
      if (!rest.startsWith('socketmap:')) return [];
      const target = rest.slice('socketmap:'.length);
      const path = target.startsWith('unix:') ? target.slice(5, target.lastIndexOf(':')) : undefined;
      return [{ text, parameter, proxied, path }];
    }),
  );
}

/** Words of a list, with blanks or commas between them. */
export function wordsOf(value: string): string[] {
  return value.split(/[\s,]+/).filter((word) => word !== '');
}
