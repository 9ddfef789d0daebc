// The queue's id before a key, as FEATURE(cyrusmap) sends it with `queue_id`: the id, a space, the address. So a line
// of our log can be found in the mail log. Form after assign_queueid() of Sendmail's queue.c. No I/O.

/** Year to second and a number in base 60, then the process. The map folds it to lower case. */
const QUEUE_ID = /^[0-9A-Za-x]{8}\d{5,10} /;

/** How many characters of the key are the id; 0 where it has none, and is an address from its beginning. */
export function queueIdLength(key: string): number {
  const length = QUEUE_ID.exec(key)?.[0].length ?? 0;
  return length === 0 ? 0 : length - 1;
}
