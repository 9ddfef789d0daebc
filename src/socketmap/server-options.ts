// What a server is told by its configuration, with its defaults. Types and a constant; no I/O.
import type { Network } from '../net/network.js';
import { DEFAULT_SOCKET_FILE_RULES, type SocketFileRules } from '../net/socket-file.js';
import { DEFAULT_LIMITS, type ServerLimits } from './limits.js';

export type ServerOptions = ServerLimits &
  SocketFileRules & {
    /** Who may ask over TCP; empty allows everybody, and only listeners that none but this machine can reach. */
    readonly allow: readonly Network[];
    /** Whether it is to take the place of whoever listens there, see ListenerRules. */
    readonly beside: boolean;
  };

export const DEFAULT_SERVER_OPTIONS: ServerOptions = Object.freeze({
  ...DEFAULT_LIMITS,
  ...DEFAULT_SOCKET_FILE_RULES,
  allow: [],
  beside: false,
});
