// A plugin of Haraka: asks cyrusmapd about each recipient of the domains in config/host_list. README.md beside it says how.
'use strict';

exports.register = function () {
  this.load();
  this.register_hook('rcpt', 'ask');
};

/** Read again when a file changes. */
exports.load = function () {
  const { main } = this.config.get('cyrusmapd.ini', () => this.load());
  this.domains = new Set(this.config.get('host_list', 'list', () => this.load()).map((domain) => domain.toLowerCase()));
  const former = this.client;
  // The package is an ES module, which a plugin of Haraka cannot `require` on every Node.
  this.client = import('cyrusmapd').then(
    ({ SocketmapClient }) =>
      new SocketmapClient(main.socket ?? 'unix:/var/run/cyrusmapd/socketmap', {
        map: main.map ?? 'cyrus',
        timeoutMs: Number(main.timeout ?? 10) * 1000,
      }),
  );
  this.client.catch((error) => this.logerror(`cyrusmapd cannot be asked: ${error.message}`));
  former?.then((client) => client.close()).catch(() => undefined);
};

exports.ask = async function (next, connection, params) {
  const { user, host } = params[0];
  if (typeof host !== 'string' || !this.domains.has(host.toLowerCase())) return next();
  const recipient = `${withoutQuotes(user)}@${host}`;
  try {
    const client = await this.client;
    const { status, text } = await client.lookup(recipient);
    if (status === 'OK') return next(OK);
    if (status === 'NOTFOUND') return next(DENY, '5.1.1 User unknown');
    connection.loginfo(this, `${recipient}: ${status} ${text}`);
  } catch (error) {
    connection.logerror(this, `${recipient}: ${error.message}`);
  }
  return next(DENYSOFT, '4.3.0 Mailbox cannot be verified now');
};

exports.shutdown = function () {
  this.client.then((client) => client.destroy()).catch(() => undefined);
};

/** The local part that is meant, however it was written: so Sendmail asks as well. */
function withoutQuotes(user) {
  const quoted = /^"(.*)"$/.exec(user)?.[1];
  return quoted?.replace(/\\(.)/g, '$1') ?? user;
}
