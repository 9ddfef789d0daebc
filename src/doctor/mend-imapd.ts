// The lines that mend imapd.conf(5): in the place of a line that sets the option already, since Cyrus does not start where an
// option is set twice; else added at the end. No I/O.
import { formatWhere } from '../cyrus/conf/settings.js';
import type { ImapdConf } from '../cyrus/conf/imapd-conf.js';

/** The file and line where an option is set; where it is not set, the file. */
export function whereOf(conf: ImapdConf, option: string): string {
  const setting = conf.find(option);
  return setting === undefined ? conf.path : formatWhere(setting.where);
}

/** `at /etc/imapd.conf:12 write: postuser: post` or `to /etc/imapd.conf add: postuser: post` */
export function setOption(conf: ImapdConf, option: string, value: string): string {
  const setting = conf.find(option);
  // The name stays as it is written there: with the prefix of a service, or an old one.
  if (setting !== undefined) return `at ${formatWhere(setting.where)} write: ${setting.name}: ${value}`;
  return `to ${conf.path} add: ${option}: ${value}`;
}

export function takeOut(conf: ImapdConf, option: string): string {
  return `take out the line at ${whereOf(conf, option)}`;
}
