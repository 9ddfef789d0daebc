// Has accepted sockets read into one buffer that all of them share, as connect() of node:net does with its option `onread`: to make
// a new buffer for each piece costs more than all else that is done with it. A server has no such option, so the socket is given
// what the option would have put into it: found in a socket that was made with the option, whatever these places are called. Nobody
// promises that this stays so: where it is not known to be, sockets are read as usual. I/O.
import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';

/** As much as a stream of Node reads at once. */
const ROOM_BYTES = 65_536;

/** The newest Node on which this was tried. */
const LAST_MAJOR = 26;

/** @param length how many bytes at the beginning of `room` were read; they are overwritten as soon as it returns */
export type Take = (this: Socket, length: number, room: Buffer) => boolean;

const room = Buffer.allocUnsafeSlow(ROOM_BYTES);
const places = isKnown(process.versions.node) ? findPlaces() : undefined;

/** Whether it was tried on this version of Node. @param version such as `22.12.0` */
export function isKnown(version: string): boolean {
  return Number.parseInt(version, 10) <= LAST_MAJOR;
}

/**
 * @param socket just accepted: nothing was read from it yet
 * @param take gets what is read instead of the event `data`; true: it reads on
 * @returns false where this runtime keeps it otherwise: then the socket is as it was
 */
export function readInPlace(socket: Socket, take: Take): boolean {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (places === undefined || !takesBuffer(handle)) return false;
  Reflect.set(socket, places.buffer, room);
  Reflect.set(socket, places.callback, take);
  handle.useUserBuffer(room);
  return true;
}

type Places = { readonly buffer: symbol; readonly callback: symbol };

/** Undefined unless a socket made with `onread` has them in two places that are empty in a socket without. */
function findPlaces(): Places | undefined {
  const buffer = Buffer.alloc(1);
  const callback = (): boolean => true;
  const onread: OnReadOpts = { buffer, callback };
  // The types of Node have the option for connect() only, which makes its socket with the same options.
  const withIt = new Socket(Object.assign<SocketConstructorOpts, object>({}, { onread }));
  const without = new Socket();
  const placeOf = (what: unknown): symbol | undefined =>
    Object.getOwnPropertySymbols(withIt).find(
      (name) => Reflect.get(withIt, name) === what && Reflect.get(without, name) === null,
    );
  const ofBuffer = placeOf(buffer);
  const ofCallback = placeOf(callback);
  if (ofBuffer === undefined || ofCallback === undefined) return undefined;
  return { buffer: ofBuffer, callback: ofCallback };
}

/** The part of a socket's handle that is used here: in Node since 12.10, when `onread` came. */
type TakesBuffer = { readonly useUserBuffer: (buffer: Uint8Array) => unknown };

function takesBuffer(handle: unknown): handle is TakesBuffer {
  if (typeof handle !== 'object' || handle === null) return false;
  return typeof Reflect.get(handle, 'useUserBuffer') === 'function';
}
