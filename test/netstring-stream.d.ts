// What the tests and the bench use of netstring-stream 1.0.1, which brings no types.
declare module 'netstring-stream' {
  export function read(data: Buffer, encoding: 'buffer'): Buffer[];
  export function write(data: Buffer, encoding: 'buffer'): Buffer;
}
