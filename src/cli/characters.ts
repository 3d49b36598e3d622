/** What the locale says of the terminal's characters (POSIX: LC_ALL, then LC_CTYPE, then LANG). Where it says nothing, UTF-8. */
export function isUtf8(env: Readonly<Record<string, string | undefined>>): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return locale === '' || /utf-?8/i.test(locale);
}

const PLAIN: Readonly<Record<string, string>> = {
  '✔': 'ok',
  '✖': 'x',
  '…': '...',
  '·': '-',
  '«': '<',
  '»': '>',
  '→': '->',
  '–': '-',
  '—': '-',
  '’': "'",
};

/** For a terminal without UTF-8: our own signs by their nearest words, anything else as `?`. */
export const inAscii = (text: string): string => text.replace(/[^\u0000-\u007f]/gu, (sign) => PLAIN[sign] ?? '?');
