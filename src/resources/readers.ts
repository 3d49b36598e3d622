/** Programs that read a file only when they start or are told to, by where the file lies. */
const READERS: readonly { readonly below: string; readonly tell: string }[] = [
  { below: '/etc/systemd/system/', tell: 'reload_systemd' },
  // Red Hat calls it chronyd.service, Debian chrony.service.
  { below: '/etc/chrony', tell: 'restart_running chronyd.service || restart_running chrony.service || :' },
  { below: '/etc/NetworkManager/', tell: 'reload_running NetworkManager.service || :' },
];

/**
 * Shell for a file that goes back to what it was: whoever reads it and runs is told. On the way in a unit of ours has a stamp for
 * that, which an interrupted run does not lose; on the way out the ledger's entry goes last, so a cut removal tells again.
 */
export const readersOf = (path: string): string => READERS.find(({ below }) => path.startsWith(below))?.tell ?? '';

export const READER_WORDS = `
restart_running() { have systemctl && systemctl is-active --quiet -- "$1" && systemctl restart -- "$1"; }
reload_running() { have systemctl && systemctl is-active --quiet -- "$1" && systemctl reload -- "$1"; }
`;
