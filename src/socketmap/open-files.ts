// How many files this process may have open, and how many connections that leaves room for. Beyond it the runtime accepts
// whoever comes and closes at once, and tells neither us nor, by a FIN, the peer (libuv, uv__emfile_trick()).

/** Files that are kept for everything but accepted connections: listeners, back-channels, the log, the runtime. */
const RESERVED_FILES = 128;

/** Connections of Cyrus: each of its processes has one for as long as it pushes an event. */
const EVENT_CONNECTIONS_MAX = 1_000;

/** The part of the runtime's report that is read here. */
type Report = { readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } } };

/**
 * Node has no getrlimit(2), but a report that has it; the runtime raised the soft limit to the hard one at its start.
 * The report looks up the names of the peers of open sockets, which may take long: so call it before there are any.
 */
export function openFilesLimit(): number {
  const { userLimits }: Report = process.report.getReport();
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Infinity;
}

/**
 * @param reserved files for what else this process does
 * @returns `wanted`, or fewer, but never less than one
 */
export function connectionsWithin(openFiles: number, wanted: number, reserved: number): number {
  return Math.max(1, Math.min(wanted, openFiles - RESERVED_FILES - reserved));
}

/**
 * How many processes of Cyrus may push events at the same time: a quarter of the files, since the event of one that is not
 * accepted for want of a file is lost, and nobody is told.
 */
export function eventConnectionsWithin(openFiles: number): number {
  return Math.max(1, Math.min(EVENT_CONNECTIONS_MAX, Math.floor((openFiles - RESERVED_FILES) / 4)));
}
