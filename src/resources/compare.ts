/** What of `ours` is not so in `live`: `path: live -> ours`. Fields that only `live` has are somebody else's. */
export function differences(ours: unknown, live: unknown, path = ''): readonly string[] {
  // Generated manifests say `creationTimestamp: null`: that is no wish, and no apply could make it so.
  if (ours === null || ours === undefined || (isEmpty(ours) && isEmpty(live))) return [];
  if (Array.isArray(ours)) {
    if (!Array.isArray(live) || live.length !== ours.length) return [told(path, live, ours)];
    return ours.flatMap((item, i) => differences(item, live[i], `${path}[${i}]`));
  }
  if (isRecord(ours)) {
    const there = isRecord(live) ? live : {};
    return Object.entries(ours).flatMap(([key, value]) =>
      differences(value, there[key], path === '' ? key : `${path}.${key}`),
    );
  }
  return ours === live || String(ours) === String(live) ? [] : [told(path, live, ours)];
}

/** The API server leaves out what says nothing. */
const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  value === 0 ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (isRecord(value) && Object.values(value).every(isEmpty));

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const LONGEST = 60;

/** Of long values the part that differs: two configurations that begin alike say nothing by their first line. */
function told(path: string, live: unknown, ours: unknown): string {
  const [was, is] = [text(live), text(ours)];
  const at = was.split('').findIndex((character, i) => character !== is[i]);
  const same = at === -1 ? was.length : at;
  const from = was.length > LONGEST && is.length > LONGEST ? Math.max(0, same - LONGEST / 3) : 0;
  return `${path}: ${excerpt(was, from)} -> ${excerpt(is, from)}`;
}

const text = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));

const excerpt = (value: string, from: number): string => {
  const part = value.slice(from);
  return `${from > 0 ? '…' : ''}${part.length > LONGEST ? `${part.slice(0, LONGEST - 3)}…` : part}`;
};
