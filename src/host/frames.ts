import { randomBytes } from 'node:crypto';

/** Marks the parts of one answer. The nonce keeps a host's own output from looking like a frame. */
export interface Frames {
  readonly nonce: string;
  /** Shell that runs a question in a subshell and frames its output and status. */
  part(name: string, question: string): string;
}

export function frames(nonce: string = randomBytes(8).toString('hex')): Frames {
  return {
    nonce,
    part: (name, question) => `echo '${nonce} begin ${name}'
( set -u
${question}
)
echo "${nonce} end $?"
`,
  };
}

export interface Part {
  readonly name: string;
  readonly output: string;
  readonly status: number;
}

/** The parts of an answer, in order. A part without an end is left out: the host stopped in the middle of it. */
export function readParts(nonce: string, stdout: string): readonly Part[] {
  const parts: Part[] = [];
  let name: string | null = null;
  let lines: string[] = [];
  for (const line of stdout.split('\n')) {
    const begin = line.startsWith(`${nonce} begin `) ? line.slice(nonce.length + 7) : null;
    if (begin !== null) {
      name = begin;
      lines = [];
      continue;
    }
    // A question may end without a newline, so the end mark may stand behind its last words.
    const at = line.indexOf(`${nonce} end `);
    if (at >= 0 && name !== null) {
      if (at > 0) lines.push(line.slice(0, at));
      parts.push({ name, output: lines.join('\n'), status: Number(line.slice(at + nonce.length + 5)) });
      name = null;
    } else if (name !== null) {
      lines.push(line);
    }
  }
  return parts;
}
