// Closes a file while others have their turn. Whoever closes last a file that has no name any more waits until the kernel has given
// back all of it: a list of a million mailboxes, 350 MB, that Cyrus has just written anew, takes a tenth of a second. Does I/O.
import { close } from 'node:fs';

/** The descriptor must not be used any more. */
export function closeSoon(fd: number): void {
  close(fd, () => {
    // It was only read, so nothing can be lost, whatever the kernel says.
  });
}
