import { describe, test } from '@jest/globals';

type Body = () => void | Promise<void>;
interface Runner {
  (title: string, body: Body): void;
  skip(title: string, body: Body): void;
}

/** The runner where its tests can run; elsewhere they are skipped, and the title says why, which `npm test` prints. */
const onlyWhere =
  (runner: Runner, holds: boolean, why: string): ((title: string, body: Body) => void) =>
  (title, body) =>
    holds ? runner(title, body) : runner.skip(`${title} (skipped: ${why})`, body);

const isLinux = process.platform === 'linux';
export const asRoot = onlyWhere(test as Runner, process.getuid?.() === 0, 'needs root');
export const onLinux = onlyWhere(test as Runner, isLinux, 'needs Linux');
export const describeOnLinux = onlyWhere(describe as unknown as Runner, isLinux, 'needs Linux');
