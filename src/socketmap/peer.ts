// How far the peer of a connection has come. Types only.

/**
 * What the peer's bytes are to us. What we are to the peer is the socket's own: `writableEnded` once our FIN is under way.
 *
 * | state      | bytes come                     | its FIN comes | its turn      | nothing is owed                 |
 * | ---------- | ------------------------------ | ------------- | ------------- | ------------------------------- |
 * | `asking`   | answered, or wait for its turn | → `finished`  | requests read | ends, if the server is draining |
 * | `finished` | cannot be                      | cannot be     | requests read | ends                            |
 * | `ignored`  | dropped                        | nothing       | nothing       | ends, if it has not             |
 *
 * To `ignored` it goes from either, by a broken request (which still has its reply), by a deadline, and by our end.
 */
export type Peer = 'asking' | 'finished' | 'ignored';
