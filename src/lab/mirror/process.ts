// Processes of this machine by pid and start time, which together are never reused between two boots.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Field 22 of /proc/PID/stat (proc(5)), or undefined when there is no such process or only its zombie. */
export async function startTime(pid: number): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
  // The name in parentheses may hold spaces; what follows it begins with field 3, the state.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}

/** Asks a process to end, and makes it after 5 s. Gone already is fine. */
export async function endProcess(pid: number): Promise<void> {
  const started = await startTime(pid);
  if (started === undefined) return;
  process.kill(pid, 'SIGTERM');
  for (let waited = 0; (await startTime(pid)) === started; waited += 50) {
    if (waited >= 5_000) process.kill(pid, 'SIGKILL');
    await sleep(50);
  }
}
