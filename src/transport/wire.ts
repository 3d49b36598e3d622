// Bytes to and from a started helper, whatever carries them.
import type { Readable, Writable } from 'node:stream';

export interface Wire {
  write(bytes: string | Buffer): void;
  /** Says that nothing more will be written: the helper cleans up and leaves. */
  end(): void;
  /** One listener at a time: a new one takes over. Bytes wait until there is the first. */
  onStdout(hear: (chunk: Buffer) => void): void;
  onStderr(hear: (chunk: Buffer) => void): void;
  /** Heard once, with the reason if there is one; at once if the wire is closed already. */
  onClose(hear: (reason: string) => void): void;
  /** Frees what carries the wire. */
  destroy(): void;
}

export interface Streams {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** A wire over three streams. `closed` is to be called when they are over; only the first call counts. */
export function streamWire(
  { stdin, stdout, stderr }: Streams,
  destroy: () => void,
): { readonly wire: Wire; readonly closed: (reason: string) => void } {
  let over: { readonly reason: string } | null = null;
  let hearClose: (reason: string) => void = () => undefined;
  const listenTo = (stream: Readable): ((hear: (chunk: Buffer) => void) => void) => {
    let hear: ((chunk: Buffer) => void) | null = null;
    return (next) => {
      // Without a listener a stream keeps its bytes: the first may come before anyone has had time to listen.
      if (hear === null) stream.on('data', (chunk: Buffer) => hear?.(chunk));
      hear = next;
    };
  };
  // A write that meets a dead helper is told by its end, with the reason.
  stdin.on('error', () => undefined);
  return {
    wire: {
      write: (bytes) => void stdin.write(bytes),
      end: () => void stdin.end(),
      onStdout: listenTo(stdout),
      onStderr: listenTo(stderr),
      onClose: (hear) => {
        hearClose = hear;
        if (over !== null) hear(over.reason);
      },
      destroy,
    },
    closed: (reason) => {
      if (over !== null) return;
      over = { reason };
      hearClose(reason);
    },
  };
}
