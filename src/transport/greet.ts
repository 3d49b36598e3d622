// The first words on a wire: waits for the helper's hello and answers sudo's prompt once. Decides nothing about failures.
import type { Secret } from '../model/index.js';
import { deadline } from './deadline.js';
import type { Wire } from './wire.js';

export type Greeting =
  | { readonly type: 'hello'; readonly uid: number }
  /** The start command ended, or the login shell said something else. */
  | { readonly type: 'closed'; readonly said: string; readonly reason: string }
  /** sudo asked a second time: the password was wrong. No second try was made. */
  | { readonly type: 'asked-again'; readonly said: string }
  /** Neither a hello nor a prompt that we know, nor an end. */
  | { readonly type: 'silent'; readonly said: string; readonly seconds: number };

export interface Prompt {
  /** What sudo was told to print (`-p`): a nonce, so that no banner can be taken for it. */
  readonly nonce: string;
  readonly password: () => Promise<Secret>;
}

export function greet(wire: Wire, nonce: string, prompt: Prompt | null, seconds: number): Promise<Greeting> {
  let stop: () => void = () => undefined;
  const greeting = new Promise<Greeting>((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    let asked = 0;
    const said = (): string => withoutPrompt(stderr, prompt) || stdout.trim();
    const clock = deadline(seconds * 1000, () => resolve({ type: 'silent', said: said(), seconds }));
    stop = clock.stop;
    wire.onStdout((chunk) => {
      stdout += chunk.toString('utf8');
      const found = new RegExp(`${nonce} hello (\\d+)\\n`).exec(stdout);
      if (found !== null) resolve({ type: 'hello', uid: Number(found[1]) });
    });
    wire.onStderr((chunk) => {
      stderr += chunk.toString('utf8');
      if (prompt === null) return;
      const prompts = stderr.split(prompt.nonce).length - 1;
      if (prompts > asked) {
        asked += 1;
        if (asked > 1) resolve({ type: 'asked-again', said: said() });
        else clock.paused(prompt.password).then((password) => wire.write(`${password.reveal()}\n`), reject);
      }
    });
    wire.onClose((reason) => resolve({ type: 'closed', said: said(), reason }));
  });
  return greeting.finally(() => stop());
}

const withoutPrompt = (text: string, prompt: Prompt | null): string =>
  (prompt === null ? text : text.replaceAll(prompt.nonce, '')).trim();
