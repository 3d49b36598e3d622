// Serves a built mirror on an address of this machine: its files over HTTP and its images by the real registry, each a
// detached process with a pid file. Knows nothing of how the mirror was built or of the hosts that read it.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ProvisionError } from '../../model/index.js';
import { debianFolder, debianKeyring } from './debian.js';
import { endProcess, startTime } from './process.js';

export interface MirrorService {
  /** What `buildMirror` gave. */
  readonly mirrorDir: string;
  /** Folder of the lab for pid files, logs and the registry's configuration. One mirror per folder. */
  readonly runDir: string;
  /** IPv4 address to listen on: the gateway of the lab's bridge. It must exist already. */
  readonly address: string;
  /** Default 8080. */
  readonly filesPort?: number;
  /** Default 5000. */
  readonly registryPort?: number;
}

export interface RunningMirror {
  /** `http://10.77.0.1:8080`: before it, an upstream URL's `https://` is replaced by this and a slash. */
  readonly filesUrl: string;
  /** `http://10.77.0.1:5000`, for containerd's hosts.toml. */
  readonly registryUrl: string;
  /** The apt repository: base URL, and where its public key lies on this machine. */
  readonly debianUrl: string;
  readonly debianKeyringFile: string;
  readonly pids: readonly number[];
}

const services = ['mirror-files', 'mirror-registry'] as const;
type ServiceName = (typeof services)[number];

/**
 * Starts the file server and the registry, unless they run already, and waits until both answer (10 s each).
 * Throws LAB with the service's log when one does not.
 */
export async function serveMirror(service: MirrorService): Promise<RunningMirror> {
  const { address } = service;
  // The services run in `/`, so that they hold no other folder in use: their paths must be absolute.
  const mirrorDir = resolve(service.mirrorDir);
  const runDir = resolve(service.runDir);
  const filesPort = service.filesPort ?? 8080;
  const registryPort = service.registryPort ?? 5000;
  await mkdir(runDir, { recursive: true });
  const filesUrl = `http://${address}:${filesPort}`;
  const registryUrl = `http://${address}:${registryPort}`;
  const server = fileURLToPath(new URL('./server.js', import.meta.url));
  const root = join(mirrorDir, 'files');
  const files = await ensureService(
    runDir,
    'mirror-files',
    [process.execPath, server, '--root', root, '--listen', `${address}:${filesPort}`],
    `${filesUrl}/checksums.json`,
  );
  const registry = await startRegistry({
    binary: join(mirrorDir, 'tools', 'registry'),
    storage: join(mirrorDir, 'registry'),
    runDir,
    listen: `${address}:${registryPort}`,
    writable: false,
  });
  return {
    filesUrl,
    registryUrl,
    debianUrl: `${filesUrl}/${debianFolder}`,
    debianKeyringFile: join(root, debianFolder, debianKeyring),
    pids: [files, registry],
  };
}

/** Starts a registry over `storage`, unless it runs already. Gives its pid. */
export async function startRegistry(options: {
  readonly binary: string;
  readonly storage: string;
  readonly runDir: string;
  readonly listen: string;
  readonly writable: boolean;
}): Promise<number> {
  const text = registryConfiguration(options.storage, options.listen, options.writable);
  // The name changes with the content, so that a registry that runs with another one is seen to be another.
  const configuration = join(options.runDir, `mirror-registry-${digestOf([text]).slice(0, 8)}.json`);
  await mkdir(options.runDir, { recursive: true });
  await writeFile(configuration, text);
  const argv = [options.binary, 'serve', configuration];
  return ensureService(options.runDir, 'mirror-registry', argv, `http://${options.listen}/v2/`);
}

/** The configuration of `distribution` 3: JSON is YAML. Two labs may read one storage, so serving is read-only. */
export function registryConfiguration(storage: string, listen: string, writable: boolean): string {
  return `${JSON.stringify(
    {
      version: '0.1',
      log: { level: 'warn', accesslog: { disabled: true } },
      storage: {
        filesystem: { rootdirectory: storage },
        maintenance: { uploadpurging: { enabled: false }, readonly: { enabled: !writable } },
      },
      http: { addr: listen, secret: 'one-registry-only' },
    },
    null,
    2,
  )}\n`;
}

/** Ends what `serveMirror` or `startRegistry` started with this folder. Nothing there is fine. */
export async function stopMirror(runDir: string): Promise<void> {
  for (const name of services) {
    const running = await runningService(runDir, name);
    if (running !== undefined) await endProcess(running.pid);
    await rm(pidFile(runDir, name), { force: true });
  }
}

/** Pids of the mirror's processes that are alive, for `lab status`. */
export async function mirrorPids(runDir: string): Promise<readonly number[]> {
  const running = await Promise.all(services.map((name) => runningService(runDir, name)));
  return running.flatMap((service) => (service === undefined ? [] : [service.pid]));
}

async function ensureService(runDir: string, name: ServiceName, argv: readonly string[], url: string): Promise<number> {
  const command = digestOf(argv);
  const running = await runningService(runDir, name);
  if (running?.command === command) return running.pid;
  if (running !== undefined) await endProcess(running.pid); // it serves another mirror, or elsewhere
  const log = join(runDir, `${name}.log`);
  const child = await startDetached(argv, log);
  if (child.pid === undefined) throw await deadService(name, log);
  // The start time makes the pid unmistakable: after a reboot the same number is somebody else.
  await writeFile(pidFile(runDir, name), `${child.pid} ${(await startTime(child.pid)) ?? 'gone'} ${command}\n`);
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) break;
    if (await answers(url)) return child.pid;
    await sleep(50);
  }
  await endProcess(child.pid);
  await rm(pidFile(runDir, name), { force: true });
  throw await deadService(name, log);
}

async function startDetached(argv: readonly string[], log: string): Promise<ChildProcess> {
  const output = await open(log, 'w');
  const [file = '', ...words] = argv;
  // Without an exporter named, distribution 3 sends traces to a collector on this machine.
  const env = { ...process.env, OTEL_TRACES_EXPORTER: 'none' };
  const child = spawn(file, words, { detached: true, stdio: ['ignore', output.fd, output.fd], cwd: '/', env });
  await new Promise<void>((resolve) => {
    child.once('spawn', resolve).once('error', () => resolve());
  });
  child.unref();
  await output.close();
  return child;
}

async function deadService(name: ServiceName, log: string): Promise<ProvisionError> {
  const said = await readFile(log, 'utf8').catch(() => '');
  return new ProvisionError('LAB', `the lab's ${name} did not come up`, {
    said: said.split('\n').slice(-20).join('\n').trim(),
    hint: 'see that no other process listens on that address and port (ss -ltnp), then run the same command again',
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false; // not listening yet
  }
}

function pidFile(runDir: string, name: ServiceName): string {
  return join(runDir, `${name}.pid`);
}

/** What the pid file tells, if that very process is still alive. */
async function runningService(runDir: string, name: ServiceName) {
  let text: string;
  try {
    text = await readFile(pidFile(runDir, name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const [pid = '', started = '', command = ''] = text.trim().split(' ');
  return started !== '' && (await startTime(Number(pid))) === started ? { pid: Number(pid), command } : undefined;
}

function digestOf(words: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(words)).digest('hex');
}
