import { Listr, type ListrRenderer, type ListrTaskWrapper } from 'listr2';
import type { Event, Listener, Plan, Stage } from '../model/index.js';
import { whatOf } from './lines.js';
import { redact } from './redact.js';
import { clip, count, duration, printable } from './text.js';

type Settled =
  | { readonly as: 'done'; readonly ms: number }
  | { readonly as: 'failed' | 'skipped'; readonly why: string };

/** One host in one stage: a line of the tree. Events settle it; the drawing only waits for it. */
interface Leaf {
  readonly step: string;
  readonly host: string;
  /** True: it has begun and is drawn. False: it never will. */
  readonly begun: Gate<boolean>;
  readonly settled: Gate<Settled>;
  /** What the host does right now. */
  doing: string;
  tell: (doing: string) => void;
}

interface Gate<T> {
  readonly opened: Promise<T>;
  isOpen: boolean;
  open(value: T): void;
}

function gate<T>(): Gate<T> {
  let resolve: (value: T) => void = () => {};
  const made: Gate<T> = {
    opened: new Promise<T>((done) => {
      resolve = done;
    }),
    isOpen: false,
    open(value) {
      if (made.isOpen) return;
      made.isOpen = true;
      resolve(value);
    },
  };
  return made;
}

export interface TreeOptions {
  readonly columns?: number;
  /** Draws nothing when `silent`: for tests. */
  readonly renderer?: 'default' | 'silent';
  /** Writes what a host noted below the tree, once that stands still. */
  readonly say?: (text: string) => void;
}

export interface Tree {
  readonly listen: Listener;
  /** Settles what is left as not begun and resolves when the last line is drawn. Never rejects: the outcome is the run's, not the drawing's. */
  end(): Promise<void>;
  /** `step host` -> how its line ended; for tests. */
  endings(): ReadonlyMap<string, 'waiting' | Settled['as']>;
}

/** Beyond so many hosts in a stage a line that is done gives way to a count: what is at work should fit on a screen. */
const SHOWN_HOSTS = 8;

/**
 * The plan as a live tree, stage -> host, for a terminal. It begins to draw with the first stage that starts, so that the plan
 * can be shown and agreed to first. A stage has its line from when it begins; how many are to come is one line at the end, or the
 * newest note instead. (log-update keeps the last lines of what is higher than the terminal: they must be the live ones.)
 */
export function tree(options: TreeOptions = {}): Tree {
  let leaves: readonly Leaf[] = [];
  let plan: Plan | null = null;
  let drawing: Promise<unknown> | null = null;
  const endings = new Map<string, 'waiting' | Settled['as']>();
  const notes: string[] = [];
  const rest = restLine(options);

  const draw = (of: Plan): void => {
    const stages = of.stages.map((stage) => ({ stage, leaves: leaves.filter((leaf) => leaf.step === stage.step) }));
    const drawn = stages.filter((s) => s.leaves.length > 0);
    rest.expect(drawn.map((s) => s.leaves));
    const list = new Listr([...drawn.map((s) => stageTask(s.stage, s.leaves, options)), rest.task], {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      renderer: options.renderer ?? 'default',
      rendererOptions: { collapseSubtasks: true, collapseErrors: false, showErrorMessage: false },
    });
    drawing = list.run().catch(() => undefined);
  };

  const settle = (leaf: Leaf, settled: Settled): void => {
    if (leaf.settled.isOpen) return;
    endings.set(`${leaf.step} ${leaf.host}`, settled.as);
    leaf.settled.open(settled);
    leaf.begun.open(settled.as !== 'skipped');
  };

  return {
    listen(event: Event) {
      switch (event.type) {
        case 'planned':
          plan = event.plan;
          leaves = leavesOf(event.plan);
          for (const leaf of leaves) endings.set(`${leaf.step} ${leaf.host}`, 'waiting');
          return;
        case 'stage-started':
          if (plan !== null && drawing === null) draw(plan);
          return;
        case 'action-started': {
          const leaf = find(leaves, event);
          leaf?.begun.open(true);
          leaf?.tell(whatOf(event.action));
          return;
        }
        case 'stage-done': {
          const leaf = find(leaves, event);
          if (leaf !== undefined) settle(leaf, { as: 'done', ms: event.ms });
          return;
        }
        case 'action-failed': {
          const leaf = find(leaves, event);
          if (leaf !== undefined) settle(leaf, { as: 'failed', why: whatOf(event.action) });
          return;
        }
        case 'host-failed':
          for (const leaf of leaves.filter((l) => l.host === event.host)) {
            settle(leaf, { as: 'skipped', why: event.message });
          }
          return;
        case 'note':
          if (drawing === null) return;
          if (event.host !== undefined) notes.push(`${event.host}: ${redact(printable(event.text))}`);
          rest.note(event.text);
          return;
        default:
          return;
      }
    },
    async end() {
      for (const leaf of leaves) settle(leaf, { as: 'skipped', why: 'not begun' });
      rest.end();
      await drawing;
      for (const note of notes) options.say?.(note);
    },
    endings: () => endings,
  };
}

const leavesOf = (plan: Plan): readonly Leaf[] =>
  plan.stages.flatMap((stage) =>
    [...stage.hosts]
      .filter(([, { actions, gates }]) => actions.length + gates.length > 0)
      .map(([host]) => {
        const leaf: Leaf = {
          step: stage.step,
          host,
          begun: gate<boolean>(),
          settled: gate<Settled>(),
          doing: '',
          tell: (doing) => {
            leaf.doing = doing;
          },
        };
        return leaf;
      }),
  );

const find = (leaves: readonly Leaf[], at: { readonly step: string; readonly host: string }): Leaf | undefined =>
  leaves.find((leaf) => leaf.step === at.step && leaf.host === at.host);

type Task = ListrTaskWrapper<unknown, typeof ListrRenderer, typeof ListrRenderer>;

/** True as soon as one of them begins; false when none ever will. */
function anyBegins(leaves: readonly Leaf[]): Promise<boolean> {
  const opened = leaves.map((leaf) => leaf.begun.opened);
  return new Promise((resolve) => {
    for (const one of opened) void one.then((begins) => (begins ? resolve(true) : undefined));
    void Promise.all(opened).then((all) => resolve(all.includes(true)));
  });
}

/**
 * listr2 asks a task twice whether it is enabled: all tasks before the run begins, which waits for the answers, and each again
 * when its turn comes (src/listr.ts: run, runTask). Until the second answer is there the task has no line.
 */
function drawnWhen(begins: () => Promise<boolean>): () => Promise<boolean> {
  let asked = 0;
  return async () => ++asked > 1 && begins();
}

/** What is to come, in one line at the end of the tree. */
function restLine({ columns }: TreeOptions) {
  const over = gate<void>();
  let left = 0;
  let note = '';
  let tell = (_title: string): void => {};
  const title = (): string => {
    const waiting = left === 0 ? '' : `${count(left, 'step')} ${over.isOpen ? 'not begun' : 'to come'}`;
    const text = over.isOpen || note === '' ? waiting : redact(printable(note));
    return clip(text, columns === undefined ? undefined : columns - 6);
  };
  return {
    expect(stages: readonly (readonly Leaf[])[]): void {
      left = stages.length;
      for (const leaves of stages) {
        void anyBegins(leaves).then((begins) => {
          if (begins) left -= 1;
          tell(title());
        });
      }
    },
    note(text: string): void {
      note = text;
      tell(title());
    },
    end: () => over.open(),
    task: {
      // Empty, it has no line.
      title: ' ',
      task: async (_context: unknown, task: Task): Promise<void> => {
        tell = (text) => {
          task.title = text;
        };
        tell(title());
        await over.opened;
        tell(title());
        if (left > 0) task.skip(title());
      },
    },
  };
}

function stageTask(stage: Stage, leaves: readonly Leaf[], options: TreeOptions) {
  const isLong = leaves.length > SHOWN_HOSTS;
  return {
    title: stage.title,
    enabled: drawnWhen(() => anyBegins(leaves)),
    task: (_context: unknown, task: Task) => {
      let done = 0;
      for (const leaf of isLong ? leaves : []) {
        void leaf.settled.opened.then(({ as }) => {
          if (as === 'done') done += 1;
          task.title = `${stage.title}  ${done} of ${leaves.length} hosts`;
        });
      }
      const list = task.newListr(
        leaves.map((leaf) => leafTask(leaf, options, isLong)),
        { concurrent: true, exitOnError: false },
      );
      // With exitOnError: false listr2 would draw a stage with a failed host as done; the stage must look as it is.
      const run = list.run.bind(list);
      list.run = async (context) => {
        const result = await run(context);
        const ends = await Promise.all(leaves.map((leaf) => leaf.settled.opened));
        if (ends.every(({ as }) => as === 'done')) return result;
        task.title = `${stage.title} (not finished)`;
        throw new Error(stage.step);
      };
      return list;
    },
  };
}

function leafTask(leaf: Leaf, { columns }: TreeOptions, isOneOfMany: boolean) {
  const title = (text: string): string => clip(text, columns === undefined ? undefined : columns - 6);
  return {
    title: leaf.host,
    enabled: drawnWhen(() => leaf.begun.opened),
    task: async (_context: unknown, task: Task): Promise<void> => {
      leaf.tell = (doing) => {
        leaf.doing = doing;
        task.title = title(`${leaf.host}  ${doing}`);
      };
      if (leaf.doing !== '') leaf.tell(leaf.doing);
      const settled = await leaf.settled.opened;
      if (settled.as === 'done') {
        task.title = isOneOfMany ? '' : title(`${leaf.host}  ${duration(settled.ms)}`);
        return;
      }
      const text = title(`${leaf.host}  ${redact(printable(settled.why))}`);
      task.title = text;
      if (settled.as === 'skipped') task.skip(text);
      else throw new Error(text);
    },
  };
}
