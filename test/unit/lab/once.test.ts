import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { makeOnce } from '../../../src/lab/once.js';

describe('makeOnce', () => {
  let cache = '';
  const folder = () => join(cache, 'made');
  const make = (text: string) => async (partial: string) => writeFileSync(join(partial, 'file'), text);

  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'once-'));
  });
  afterEach(() => rmSync(cache, { recursive: true }));

  test('what is there is not made again', async () => {
    await makeOnce(folder(), make('first'), {});
    await makeOnce(folder(), make('second'), {});
    expect(readFileSync(join(folder(), 'file'), 'utf8')).toBe('first');
  });

  test('what was cut off is not there, and what it left does not get into the next', async () => {
    const cut = async (partial: string) => {
      writeFileSync(join(partial, 'half'), '');
      throw new Error('cut');
    };
    await expect(makeOnce(folder(), cut, {})).rejects.toThrow('cut');
    expect(existsSync(folder())).toBe(false);
    await makeOnce(folder(), make('whole'), {});
    expect(existsSync(join(folder(), 'half'))).toBe(false);
  });

  test('a second one waits for the first, says so, and can be interrupted', async () => {
    let finish = () => {};
    let slow = Promise.resolve();
    await new Promise<void>((begun) => {
      const work = () =>
        new Promise<void>((resolve) => {
          finish = resolve;
          begun();
        });
      slow = makeOnce(folder(), work, {});
    });
    const stop = new AbortController();
    const heard: string[] = [];
    const onLine = (line: string) => {
      heard.push(line);
      stop.abort();
    };
    await expect(makeOnce(folder(), make('second'), { onLine, signal: stop.signal })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(heard).toEqual([expect.stringContaining(folder())]);
    finish();
    await slow;
  });
});
