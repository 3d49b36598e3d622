import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ACTION_PRELUDE } from '../../src/resources/index.js';
import { BASE_WORDS } from '../../src/resources/shell.js';

// The shell has no variables of a function's own: a name that a shared word sets is set for whoever called it.
test('what the words that write files set, no other word has a use for', () => {
  const room = mkdtempSync(join(tmpdir(), 'words-'));
  const script = `${ACTION_PRELUDE}
entry=${room}/entry
names() { set | sed -n 's/^\\(_[a-z_]*\\)=.*/\\1/p'; }
before=$(names)
install_file ${room}/new/a 0644 73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac <<'END'
x
END
printf x >${room}/b; put_back ${room}/b ${room}/c
for name in $(names); do case " $(echo $before) " in *" $name "*) ;; *) echo "$name" ;; esac; done`;
  const { stdout } = spawnSync('sh', [], { input: script, encoding: 'utf8' });
  rmSync(room, { recursive: true });
  const set = stdout.split('\n').filter((line) => /^_[a-z]+$/.test(line) && line !== '_');
  expect(set).toContain('_tmp');
  const others = ACTION_PRELUDE.replace(BASE_WORDS, '');
  expect(others).not.toBe(ACTION_PRELUDE);
  const uses = new RegExp(`(^|[\\s;{(])(for |read -r )?(${set.join('|')})(=| in |; do)`, 'm');
  expect(others).not.toMatch(uses);
});
