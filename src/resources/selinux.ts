import type { SelinuxResource } from '../model/index.js';
import type { Kind } from './kind.js';

export interface SelinuxAnswer {
  readonly kernel: 'absent' | 'disabled' | 'permissive' | 'enforcing';
  /** The mode at boot; '' when the file names none, null when there is no file. */
  readonly config: string | null;
}

const CONFIG = '/etc/selinux/config';
const KERNELS: readonly string[] = ['absent', 'disabled', 'permissive', 'enforcing'];

/** The mode of SELinux, now and at boot. A host without it needs nothing; a host where it is switched off stays so for `permissive`. */
export const selinux: Kind<SelinuxResource, SelinuxAnswer> = {
  kind: 'selinux',
  name: () => 'mode',

  ask: () => `if [ -e /sys/fs/selinux/enforce ]; then
  case $(cat /sys/fs/selinux/enforce) in 1) echo 'kernel enforcing' ;; 0) echo 'kernel permissive' ;; *) exit 1 ;; esac
elif grep -qw selinuxfs /proc/filesystems; then echo 'kernel disabled'
else echo 'kernel absent'; fi
[ ! -e ${CONFIG} ] || sed -n 's/^[[:space:]]*SELINUX=[[:space:]]*\\([a-zA-Z]*\\).*/\\1/p; $s/.*/end/p' ${CONFIG} | sed 's/^/config /'`,

  read(output, rs) {
    const kernel = /^kernel (\w+)$/m.exec(output)?.[1] ?? '';
    const config = [...output.matchAll(/^config (\w+)$/gm)].map((match) => match[1] ?? '');
    const answer: SelinuxAnswer = {
      kernel: KERNELS.includes(kernel) ? (kernel as SelinuxAnswer['kernel']) : 'absent',
      config:
        config.length === 0
          ? null
          : (config
              .filter((value) => value !== 'end')
              .at(-1)
              ?.toLowerCase() ?? ''),
    };
    return rs.map(() => answer);
  },

  appear(r, answer) {
    const because = [
      ...(liveDiffers(r, answer) ? [`it is ${answer.kernel}`] : []),
      ...(configDiffers(r, answer) ? [`at boot it is ${answer.config === '' ? 'not set' : answer.config}`] : []),
    ];
    return because.length === 0 ? [] : [{ verb: '~', summary: `make SELinux ${r.mode}`, because }];
  },

  satisfied: (r, answer) => ({
    kernel: liveDiffers(r, answer) ? r.mode : answer.kernel,
    config: configDiffers(r, answer) ? r.mode : answer.config,
  }),

  make: (r) => `if [ -e /sys/fs/selinux/enforce ]; then setenforce ${r.mode === 'enforcing' ? 1 : 0}
elif grep -qw selinuxfs /proc/filesystems && [ ${r.mode} = enforcing ]; then
  say 'SELinux is switched off in this kernel: relabel (fixfiles -F onboot), boot with it, then run again; or ask for mode keep'; exit 1
fi
[ ! -e ${CONFIG} ] || edit_file ${CONFIG} set_selinux ${r.mode}`,

  ledger: {
    remember: (r) => ({ mode: r.mode }),
    vanish: (entry) => {
      const { kernel, config } = entry.former as SelinuxAnswer;
      return { verb: '-', summary: `make SELinux ${config ?? kernel} again`, because: ['it was so before'] };
    },
    unmake(entry) {
      const { kernel, config } = entry.former as SelinuxAnswer;
      const live = kernel === 'enforcing' ? '1' : kernel === 'permissive' ? '0' : null;
      return `${live === null ? '' : `[ ! -e /sys/fs/selinux/enforce ] || setenforce ${live}`}
${config === null ? '' : `[ ! -e ${CONFIG} ] || edit_file ${CONFIG} set_selinux ${/^\w*$/.test(config) ? `'${config}'` : "''"}`}`;
    },
  },
};

/** set_selinux MODE|'': stdin with this mode at boot, everything else as it is; '' takes the line away. */
export const SELINUX_WORDS = `
set_selinux() {
  mode="$1" awk '
    /^[[:space:]]*SELINUX=/ { if (ENVIRON["mode"] != "" && !done++) print "SELINUX=" ENVIRON["mode"]; next }
    { print }
    END { if (ENVIRON["mode"] != "" && !done) print "SELINUX=" ENVIRON["mode"] }'
}
`;

/** A kernel where SELinux is off already counts as permissive; turning it on takes a relabel and a boot, which `make` says. */
function liveDiffers(r: SelinuxResource, { kernel }: SelinuxAnswer): boolean {
  if (kernel === 'absent') return false;
  return kernel === 'disabled' ? r.mode === 'enforcing' : kernel !== r.mode;
}

function configDiffers(r: SelinuxResource, { config }: SelinuxAnswer): boolean {
  if (config === null || config === r.mode) return false;
  return !(config === 'disabled' && r.mode === 'permissive');
}
