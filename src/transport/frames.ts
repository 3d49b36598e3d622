// Cuts one stream of the helper's answers into lines and finds the frame that ends an answer. Knows no socket.

export interface FrameEnd {
  /** What came before the frame. */
  readonly body: Buffer;
  /** The words after the nonce on the frame's line. */
  readonly words: string;
}

export interface FrameReader {
  /** Takes bytes as they come; returns the end once the frame's line is whole.. */
  push(chunk: Buffer): FrameEnd | null;
  /** All bytes taken so far that belong to the open answer. */
  seen(): Buffer;
}

const NEWLINE = 10;

/** `onLine` hears each whole line before the frame, without its newline, and a last one that has none. */
export function frameReader(nonce: string, onLine?: (line: string) => void): FrameReader {
  const body: Buffer[] = [];
  let open: Buffer[] = [];

  const takeLine = (line: Buffer, newline: Buffer): FrameEnd | null => {
    const at = line.indexOf(nonce);
    if (at < 0) {
      body.push(line, newline);
      onLine?.(line.toString('utf8'));
      return null;
    }
    const last = line.subarray(0, at);
    if (last.length > 0) {
      body.push(last);
      onLine?.(last.toString('utf8'));
    }
    return {
      body: Buffer.concat(body),
      words: line
        .subarray(at + nonce.length)
        .toString('utf8')
        .trim(),
    };
  };

  return {
    push(chunk) {
      let start = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
        open.push(chunk.subarray(start, at));
        const line = open.length === 1 && open[0] !== undefined ? open[0] : Buffer.concat(open);
        open = [];
        const end = takeLine(line, chunk.subarray(at, at + 1));
        if (end !== null) return end;
        start = at + 1;
      }
      if (start < chunk.length) open.push(chunk.subarray(start));
      return null;
    },
    seen: () => Buffer.concat([...body, ...open]),
  };
}
