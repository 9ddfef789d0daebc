// How many files this process may have open, and how many connections fit in. Beyond that the runtime accepts whoever
// comes and closes at once, without a word to us and without a FIN before (libuv, uv__emfile_trick()).

/** For everything but connections that are accepted: listeners, back-channels, the log, the runtime. */
export const RESERVED_FILES = 128;

/** Of Cyrus: each of its processes that pushes an event has one, for as long as that takes. */
const EVENT_CONNECTIONS_MAX = 1_000;

/** The part of the runtime's report that is read here. */
type Report = { readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } } };

/**
 * Node has no getrlimit(2), but a report that has it; the runtime raised the soft limit to the hard one at its start.
 * Looks up names of the peers of open sockets: so for a process that has none yet.
 */
export function openFilesLimit(): number {
  const { userLimits }: Report = process.report.getReport();
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Infinity;
}

/**
 * @param reserved for what this process does beside
 * @returns `wanted`, or fewer, but never less than one
 */
export function connectionsWithin(openFiles: number, wanted: number, reserved: number): number {
  return Math.max(1, Math.min(wanted, openFiles - RESERVED_FILES - reserved));
}

/**
 * Of Cyrus' processes that push events at the same time: a quarter of what there is, since one that is not accepted for want
 * of a file is lost without a word.
 */
export function eventConnectionsWithin(openFiles: number): number {
  return Math.max(1, Math.min(EVENT_CONNECTIONS_MAX, Math.floor((openFiles - RESERVED_FILES) / 4)));
}
