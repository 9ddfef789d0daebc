// What the detail of an address means to a map. No I/O.
import type { Recipient } from './recipient.js';

/**
 * What a detail means to a map: `inbox`, nothing, as for lmtpd, which puts such mail into the INBOX; `folder`, a folder
 * that must exist, as for smmapd.
 */
export type DetailRule = 'inbox' | 'folder';

/** Whether the folder that the detail names decides, and not the user's INBOX. */
export function asksFolder(recipient: Recipient, detail: DetailRule): boolean {
  return (
    detail === 'folder' && recipient.detail !== undefined && recipient.detail !== '' && !recipient.shared
  );
}
