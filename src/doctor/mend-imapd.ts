// The lines that mend imapd.conf(5): written in the place of one that is there, for Cyrus starts no more where an option
// is set twice, and added where there is none. No I/O.
import { formatWhere } from '../cyrus/conf/settings.js';
import type { ImapdConf } from '../cyrus/conf/imapd-conf.js';

/** Where an option is set, else the file. */
export function whereOf(conf: ImapdConf, option: string): string {
  const setting = conf.find(option);
  return setting === undefined ? conf.path : formatWhere(setting.where);
}

/** `at /etc/imapd.conf:12 write: postuser: post` or `to /etc/imapd.conf add: postuser: post` */
export function setOption(conf: ImapdConf, option: string, value: string): string {
  const setting = conf.find(option);
  // The name as it is there: of this service, or an old one.
  if (setting !== undefined) return `at ${formatWhere(setting.where)} write: ${setting.name}: ${value}`;
  return `to ${conf.path} add: ${option}: ${value}`;
}

export function takeOut(conf: ImapdConf, option: string): string {
  return `take out the line at ${whereOf(conf, option)}`;
}
