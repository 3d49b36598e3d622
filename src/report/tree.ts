import { Listr, type ListrRenderer, type ListrTaskWrapper } from 'listr2';
import type { Event, Listener, Plan, Stage } from '../model/index.js';
import { whatOf } from './lines.js';
import { redact } from './redact.js';
import { clip, duration, printable } from './text.js';

type Settled =
  | { readonly as: 'done'; readonly ms: number }
  | { readonly as: 'failed' | 'skipped'; readonly why: string };

/** One host in one stage: a line of the tree. Events settle it; the drawing only waits for it. */
interface Leaf {
  readonly step: string;
  readonly host: string;
  readonly begun: Gate<void>;
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
}

export interface Tree {
  readonly listen: Listener;
  /** Settles what is left as not begun and resolves when the last line is drawn. Never rejects: the outcome is the run's, not the drawing's. */
  end(): Promise<void>;
  /** `step host` -> how its line ended; for tests. */
  endings(): ReadonlyMap<string, 'waiting' | Settled['as']>;
}

/**
 * The plan as a live tree, stage -> host, for a terminal. It begins to draw with the first stage that starts, so that the plan
 * can be shown and agreed to first. Notes come below a host's line.
 */
export function tree(options: TreeOptions = {}): Tree {
  let leaves: readonly Leaf[] = [];
  let plan: Plan | null = null;
  let drawing: Promise<unknown> | null = null;
  const endings = new Map<string, 'waiting' | Settled['as']>();

  const draw = (of: Plan): void => {
    const stages = of.stages.map((stage) => ({ stage, leaves: leaves.filter((leaf) => leaf.step === stage.step) }));
    const list = new Listr(
      stages.filter((s) => s.leaves.length > 0).map((s) => stageTask(s.stage, s.leaves, options)),
      {
        concurrent: true,
        exitOnError: false,
        registerSignalListeners: false,
        renderer: options.renderer ?? 'default',
        rendererOptions: { collapseSubtasks: true, collapseErrors: false, showErrorMessage: false },
      },
    );
    drawing = list.run().catch(() => undefined);
  };

  const settle = (leaf: Leaf, settled: Settled): void => {
    if (leaf.settled.isOpen) return;
    endings.set(`${leaf.step} ${leaf.host}`, settled.as);
    leaf.settled.open(settled);
    leaf.begun.open();
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
          leaf?.begun.open();
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
            settle(leaf, { as: 'skipped', why: 'not done' });
          }
          return;
        default:
          return;
      }
    },
    async end() {
      for (const leaf of leaves) settle(leaf, { as: 'skipped', why: 'not begun' });
      await drawing;
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
          begun: gate<void>(),
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

function stageTask(stage: Stage, leaves: readonly Leaf[], options: TreeOptions) {
  return {
    title: `${stage.title} (waits)`,
    task: (_context: unknown, task: Task) => {
      void Promise.race(leaves.map((leaf) => leaf.begun.opened)).then(() => {
        task.title = stage.title;
      });
      const list = task.newListr(
        leaves.map((leaf) => leafTask(leaf, options)),
        { concurrent: true, exitOnError: false },
      );
      // With exitOnError: false listr2 would draw a stage with a failed host as done; the stage must look as it is.
      const run = list.run.bind(list);
      list.run = async (context) => {
        const result = await run(context);
        const ends = await Promise.all(leaves.map((leaf) => leaf.settled.opened));
        if (ends.some(({ as }) => as !== 'done')) throw new Error(stage.step);
        return result;
      };
      return list;
    },
  };
}

function leafTask(leaf: Leaf, { columns }: TreeOptions) {
  const title = (text: string): string => clip(text, columns === undefined ? undefined : columns - 6);
  return {
    title: `${leaf.host}  waits`,
    task: async (_context: unknown, task: Task): Promise<void> => {
      leaf.tell = (doing) => {
        leaf.doing = doing;
        task.title = title(`${leaf.host}  ${doing}`);
      };
      if (leaf.doing !== '') leaf.tell(leaf.doing);
      const settled = await leaf.settled.opened;
      if (settled.as === 'done') {
        task.title = title(`${leaf.host}  ${duration(settled.ms)}`);
        return;
      }
      const text = title(`${leaf.host}  ${redact(printable(settled.why))}`);
      task.title = text;
      if (settled.as === 'skipped') task.skip(text);
      else throw new Error(text);
    },
  };
}
