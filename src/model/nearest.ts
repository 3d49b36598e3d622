/**
 * The word that was probably meant, or undefined when none is near. Case and separators do not count
 * (`pod_cidr` is `podCidr`); otherwise one edit for every three letters.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = fold(word);
  const same = known.find((candidate) => fold(candidate) === plain);
  if (same !== undefined) return same;
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(plain, fold(candidate)) }))
    .filter(
      ({ candidate, distance }) => distance <= Math.max(1, Math.floor(Math.min(word.length, candidate.length) / 3)),
    )
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

const fold = (word: string): string =>
  word
    .slice(0, 64)
    .toLowerCase()
    .replaceAll(/[-_. ]/g, '');

/** Optimal string alignment: insert, delete, replace, and swap of neighbours cost 1 each. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replace, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = above;
    above = row;
  }
  return above[b.length] ?? 0;
}
