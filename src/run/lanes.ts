import type { Action, Host, HostEvent, Listener, Plan, Probe } from '../model/index.js';
import { isAction, ProvisionError } from '../model/index.js';
import { lanesOf, type Segment } from '../plan/index.js';
import { oneAtATime, type Turn } from './turns.js';

type Hosts = ReadonlyMap<string, Host>;
type Work = Segment['steps'][number]['work'];

export interface CarriedOut {
  readonly failures: ReadonlyMap<string, ProvisionError>;
  /** Actions that were done. */
  readonly done: number;
}

/**
 * Carries a plan out: every host goes at its own pace and waits only where a step names another step in `after`.
 * A host that fails stops; those that need it stop too, saying so; the others finish. After the signal every host finishes the
 * action it is at and begins no other.
 */
export async function carryOut(plan: Plan, hosts: Hosts, emit: Listener, signal: AbortSignal): Promise<CarriedOut> {
  const failures = new Map<string, ProvisionError>();
  const progress = followed(emit);
  const tellStop = (): void => emit({ type: 'note', text: stopText(progress.running()) });
  signal.addEventListener('abort', tellStop, { once: true });
  const board = doneBoard(plan);
  const turn = oneAtATime();
  const lanes = [...lanesOf(plan)].map(async ([host, segments]) => {
    try {
      for (const segment of segments) {
        await Promise.all([...segment.after.map(board.done), ...segment.behind.map(board.over)]);
        if (signal.aborted) throw new ProvisionError('INTERRUPTED', 'stopped before the next stage', { host });
        for (const { step, title, work } of segment.steps) emitStarted(emit, host, step, title, work);
        await runSegment(host, segment, hosts, { emit: progress.listen, done: board.finish, turn, signal });
      }
    } catch (error) {
      const failure =
        error instanceof ProvisionError ? error : new ProvisionError('INTERNAL', String(error), { host, cause: error });
      failures.set(host, failure);
      board.fail(host, failure);
      emit({ type: 'host-failed', host, message: failure.message });
    }
  });
  await Promise.all(lanes);
  signal.removeEventListener('abort', tellStop);
  return { failures, done: progress.done() };
}

/** What is being done and how much was, from the events on their way to the listener. */
function followed(emit: Listener) {
  const running = new Map<string, string>();
  let done = 0;
  return {
    listen: ((event) => {
      if (event.type === 'action-started') {
        running.set(event.host, isAction(event.action) ? event.action.summary : event.action.title);
      }
      if (event.type === 'action-done' || event.type === 'action-failed') running.delete(event.host);
      if (event.type === 'action-done' && isAction(event.action)) done++;
      emit(event);
    }) satisfies Listener,
    running: (): ReadonlyMap<string, string> => running,
    done: () => done,
  };
}

const stopText = (running: ReadonlyMap<string, string>): string =>
  running.size === 0
    ? 'stopping'
    : `stopping (once more: at once) after ${[...running].map(([host, what]) => `${host}: ${what}`).join(', ')}`;

function emitStarted(emit: Listener, host: string, step: string, title: string, work: Work): void {
  if (work.length > 0) emit({ type: 'stage-started', host, step, title });
}

interface Conduct {
  readonly emit: Listener;
  readonly done: (step: string, host: string) => void;
  readonly turn: Turn;
  readonly signal: AbortSignal;
}

/** One script per executing host: neighbours that the same host carries out travel together. */
async function runSegment(
  host: string,
  segment: Segment,
  hosts: Hosts,
  { emit, done, turn, signal }: Conduct,
): Promise<void> {
  const items = segment.steps.flatMap(({ step, work }) =>
    work.map((item, index) => ({
      step,
      item,
      executor: (isAction(item) && item.via) || host,
      last: index === work.length - 1,
    })),
  );
  for (const batch of batches(items)) {
    const executor = hosts.get(batch[0]?.executor ?? host);
    if (executor === undefined)
      throw new ProvisionError('INTERNAL', `no connection to ${batch[0]?.executor}`, { host });
    let current = batch[0]?.step;
    const listen = (event: HostEvent): void => {
      const entry = batch[event.index];
      if (entry === undefined) return;
      current = entry.step;
      const { step, item: action } = entry;
      if (event.type === 'started') emit({ type: 'action-started', host, step, action });
      if (event.type === 'note') emit({ type: 'note', host, text: event.text });
      if (event.type === 'failed') emit({ type: 'action-failed', host, step, action, output: event.output });
      if (event.type === 'done') {
        emit({ type: 'action-done', host, step, action, ms: event.ms });
        if (entry.last) {
          emit({ type: 'stage-done', host, step, ms: event.ms });
          done(step, host);
        }
      }
    };
    const work = batch.map(({ item }) => item);
    const act = (): Promise<void> => executor.apply(work, listen, signal);
    try {
      await (work.some(boots) ? turn(host, signal, act) : act());
    } catch (error) {
      throw located(error, host, current);
    }
  }
}

/** The error with the step it happened in, and the host it is about (which may not be the one that carried it out). */
function located(error: unknown, host: string, step: string | undefined): unknown {
  if (!(error instanceof ProvisionError)) return error;
  const { said, hint, cause } = error;
  const via = error.host !== undefined && error.host !== host ? ` (on ${error.host})` : '';
  return new ProvisionError(error.code, `${error.message}${via}`, {
    host,
    step: error.step ?? step,
    said,
    hint,
    cause,
  });
}

const boots = (item: Action | Probe): boolean => isAction(item) && item.boot === true;

type Item = { readonly executor: string; readonly item: Action | Probe };

/** A boot ends the script that it stands in, so it is a batch of its own. */
function batches<T extends Item>(items: readonly T[]): readonly (readonly T[])[] {
  const runs: T[][] = [];
  for (const item of items) {
    const last = runs.at(-1)?.at(-1);
    if (last !== undefined && last.executor === item.executor && !boots(last.item) && !boots(item.item))
      runs.at(-1)?.push(item);
    else runs.push([item]);
  }
  return runs;
}

interface Waiter {
  readonly resolve: () => void;
  /** null: it only wants to know that the step is over. */
  readonly reject: ((error: ProvisionError) => void) | null;
}

/** Who has finished which step or failed before, and whom that sets free. */
function doneBoard(plan: Plan) {
  const pending = new Map(plan.stages.map((stage) => [stage.step, new Set(stage.hosts.keys())]));
  const waiting = new Map<string, readonly Waiter[]>();
  const failed = new Map<string, { host: string; error: ProvisionError }>();
  const settle = (step: string): void => {
    const failure = failed.get(step);
    const isOver = (pending.get(step)?.size ?? 0) === 0;
    const stays = (waiting.get(step) ?? []).filter(({ resolve, reject }) => {
      if (failure !== undefined && reject !== null) reject(held(step, failure));
      else if (isOver) resolve();
      else return true;
      return false;
    });
    waiting.set(step, stays);
  };
  const wait = (step: string, waiter: Waiter): void => {
    waiting.set(step, [...(waiting.get(step) ?? []), waiter]);
    settle(step);
  };
  return {
    finish(step: string, host: string): void {
      pending.get(step)?.delete(host);
      settle(step);
    },
    fail(host: string, error: ProvisionError): void {
      for (const [step, hosts] of pending) {
        if (!hosts.delete(host)) continue;
        failed.set(step, { host, error });
        settle(step);
      }
    },
    /** Until every host has done it; throws as soon as one has failed. */
    done: (step: string): Promise<void> => new Promise((resolve, reject) => wait(step, { resolve, reject })),
    /** Until no host is still at it. */
    over: (step: string): Promise<void> => new Promise((resolve) => wait(step, { resolve, reject: null })),
  };
}

const held = (
  step: string,
  { host, error }: { readonly host: string; readonly error: ProvisionError },
): ProvisionError =>
  error.code === 'INTERRUPTED'
    ? new ProvisionError('INTERRUPTED', `not begun, because ${host} was stopped before it finished ${step}`)
    : new ProvisionError('ACTION', `not begun, because ${host} did not finish ${step}`, {
        hint: `mend ${host} and apply again`,
      });
