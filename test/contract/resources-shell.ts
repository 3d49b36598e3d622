import type { Action, LedgerEntry, Resource } from '../../src/model/index.js';
import {
  ACTION_PRELUDE,
  type Draft,
  heredoc,
  type Kind,
  kindOf,
  QUESTION_PRELUDE,
  word,
} from '../../src/resources/index.js';

/** Runs a script in some /bin/sh as root or not, and says what came of it. */
export type Run = (script: string) => Promise<{ readonly code: number; readonly out: string }>;

/** What a host does with one resource, by the same shell that `host/` sends, but one thing at a time. */
export function resourceOn(run: Run, resource: Resource, entryPath: string) {
  const kind = kindOf(resource.kind) as Kind<Resource, unknown>;
  const strictly = async (script: string): Promise<string> => {
    const { code, out } = await run(script);
    if (code !== 0) throw new Error(`${resource.kind}: ended with ${code}:\n${out}`);
    return out;
  };
  const answer = async (): Promise<unknown> =>
    kind.read(await strictly(`${QUESTION_PRELUDE}\n( set -u\n${kind.ask([resource])}\n)`), [resource])[0];
  const drafts = (before: unknown): readonly Draft[] => kind.appear(resource, before, NOTHING);
  return {
    kind,
    answer,
    drafts,
    /** Carries out what the answer asks for, the ledger first. */
    async make(before: unknown): Promise<void> {
      for (const draft of drafts(before)) await strictly(workOf(kind, resource, draft, before, entryPath));
    },
    async unmake(former: unknown): Promise<void> {
      await strictly(takeBack(kind, resource, former, entryPath));
    },
    /** Like `make`, for what is expected to fail: code and words. */
    try: (before: unknown) => run(workOf(kind, resource, { verb: '+', summary: '', because: [] }, before, entryPath)),
  };
}

const NOTHING = {
  newToken: () => {
    throw new Error('no kind here needs a token');
  },
  superAdminKubeconfig: () => {
    throw new Error('no kind here needs a kubeconfig');
  },
};

const started = (entryPath: string): string => `${ACTION_PRELUDE}\nset -eu\nentry=${word(entryPath)}\n`;

function workOf(
  kind: Kind<Resource, unknown>,
  resource: Resource,
  draft: Draft,
  before: unknown,
  entryPath: string,
): string {
  const entry = entryOf(kind, resource, before);
  const action = { ...draft, key: entry.key, kind: resource.kind, resource, before, order: 0 } as unknown as Action;
  return `${started(entryPath)}
if [ ! -e "$entry.json" ]; then
mkdir -p -- "$(dirname -- "$entry")"
${kind.ledger?.keep?.(resource) ?? ''}
${heredoc('install_file "$entry.json" 0600', `${JSON.stringify(entry)}\n`)}fi
( set -eu
${kind.make(resource, action)}
)`;
}

function takeBack(kind: Kind<Resource, unknown>, resource: Resource, former: unknown, entryPath: string): string {
  return `${started(entryPath)}( set -eu
${kind.ledger?.unmake(entryOf(kind, resource, former))}
)
rm -rf -- "$entry.json" "$entry.was" "$entry".was.*`;
}

const entryOf = (kind: Kind<Resource, unknown>, resource: Resource, former: unknown): LedgerEntry => ({
  key: `${resource.kind} ${kind.name(resource)}`,
  kind: resource.kind,
  order: 0,
  former: former ?? null,
  resource: JSON.parse(JSON.stringify(kind.ledger?.remember(resource))),
});
