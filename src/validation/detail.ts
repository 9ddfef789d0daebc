// What the detail of an address, the part behind its `+`, means to a map. No I/O.
import type { Recipient } from './recipient.js';

/**
 * `inbox`: the detail does not matter, as for lmtpd, which puts the mail into the INBOX where there is no such folder.
 * `folder`: it names a folder that must exist, as for smmapd.
 */
export type DetailRule = 'inbox' | 'folder';

/** Whether the folder that the detail names decides, and not the user's INBOX. */
export function asksFolder(recipient: Recipient, detail: DetailRule): boolean {
  return (
    detail === 'folder' && recipient.detail !== undefined && recipient.detail !== '' && !recipient.shared
  );
}
