// How many files this process may have open, and how many connections fit in. Beyond that the runtime accepts whoever
// comes and closes at once, without a word to us and without a FIN before (libuv, uv__emfile_trick()).

/** For everything but connections of the front: listeners, back-channels, Cyrus' events, the log, the runtime. */
export const RESERVED_FILES = 128;

/** The part of the runtime's report that is read here. */
type Report = { readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } } };

/**
 * Node has no getrlimit(2), but a report that has it; the runtime raised the soft limit to the hard one at its start.
 * Looks up names of the peers of open sockets: so for a process that has none yet.
 */
export function openFilesLimit(): number {
  const report: Report | undefined = process.report?.getReport();
  const soft = report?.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Infinity;
}

/** @returns `wanted`, or fewer, but never less than one */
export function connectionsWithin(openFiles: number, wanted: number, spare: number): number {
  return Math.max(1, Math.min(wanted, openFiles - RESERVED_FILES - spare));
}
