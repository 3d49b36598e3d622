import { z } from 'zod';
import { defaults } from './defaults.js';
import { key, or, required, section } from './schema-key.js';
import * as word from './words.js';

const bastion = section('bastion', 'A host that SSH goes through. A text `user@host:port` does as well.', {
  address: required(word.host, { is: 'IP address or DNS name.', example: 'bastion.example.com' }),
  port: key(z.int().min(1).max(65535), { is: 'SSH port.', example: 2222, default: defaults.sshPort }),
  user: key(word.userName, { is: 'User on the bastion.', example: 'jump', otherwise: 'the `ssh.user` of the node' }),
  key: key(word.path, {
    is: 'Private key for the bastion.',
    example: '~/.ssh/bastion',
    otherwise: 'the `ssh.key` of the node',
  }),
});

const become = section('become', 'How commands become root.', {
  method: key(z.enum(['sudo', 'none']), { is: '`none`: the user is root already.', example: 'sudo', default: 'sudo' }),
  password: key(
    or(
      z.enum(['prompt']),
      z.strictObject({
        file: required(word.path, { is: 'File whose first line is the password.', example: '~/.sudo' }),
      }),
      'should be `prompt` or `{file: PATH}`',
    ),
    {
      is: '`prompt`: asked once per run. `{file: PATH}`: first line of a file.',
      example: 'prompt',
      otherwise: 'none is sent',
    },
  ),
});

export const ssh = section('ssh', 'How provision reaches the hosts.', {
  user: key(word.userName, { is: 'User to log in as.', example: 'deploy', default: defaults.user }),
  port: key(z.int().min(1).max(65535), { is: 'SSH port.', example: 2222, default: defaults.sshPort }),
  key: key(word.path, {
    is: 'Private key file; asked for its passphrase if it has one.',
    example: '~/.ssh/id_ed25519',
    otherwise: 'agent',
  }),
  agent: key(z.boolean(), { is: 'Offer the keys of the running SSH agent.', example: false, default: defaults.agent }),
  password: key(z.enum(['prompt']), {
    is: 'Ask for the login password once per run. A password never stands in an inventory.',
    example: 'prompt',
    otherwise: 'no password login',
  }),
  knownHosts: key(or(word.path, z.array(word.path).min(1), 'should be the path of a file, or a list of paths'), {
    is: 'Files of known host keys, read beside the one that `provision trust-hosts` writes; an unknown host is refused.',
    example: ['~/.ssh/known_hosts'],
    default: defaults.knownHosts,
  }),
  bastion: key(
    z.union([word.bastionText, bastion, z.literal(false)], {
      error: 'should be `user@host:port`, a map with `address`, or false',
    }),
    {
      is: 'A host that SSH goes through; `false` takes back a shared one.',
      example: 'jump@bastion.example.com:22',
      otherwise: 'none',
    },
  ),
  become: key(or(z.boolean(), become, 'should be true, false, or a map with `method` and `password`'), {
    is: 'Become root by sudo.',
    example: { method: 'sudo', password: 'prompt' },
    otherwise: 'no for root, else sudo',
  }),
  connectTimeout: key(z.int().min(1).max(600), {
    is: 'Seconds until a host counts as unreachable.',
    example: 30,
    default: defaults.connectTimeout,
  }),
});

const timeSync = section('timeSync', 'Where the time comes from. `true` and `false` do as well.', {
  enabled: key(z.boolean(), {
    is: 'Keep the clock in step by chrony; on Enterprise Linux 7 by ntpdate and cron.',
    example: true,
    default: true,
  }),
  servers: key(z.array(word.host), {
    is: 'NTP servers.',
    example: ['ntp.example.com'],
    otherwise: "those of `cluster.mirrors` (ntp.aliyun.com of aliyun), else the distribution's",
  }),
});

export const system = section(
  'system',
  'How the operating system is prepared. What was there before is put back by `reset`.',
  {
    hostname: key(z.boolean(), {
      is: 'Set the host name to the name of the node.',
      example: false,
      default: defaults.hostname,
    }),
    repositories: key(z.enum(['keep', 'mirror']), {
      is: "`mirror`: the distribution's own repositories and EPEL come from where `cluster.mirrors` says; the former files are kept aside.",
      example: 'mirror',
      default: defaults.repositories,
    }),
    hostsFile: key(z.boolean(), {
      is: 'Keep a block with all nodes in /etc/hosts.',
      example: false,
      default: defaults.hostsFile,
    }),
    extraHosts: key(
      z.record(word.host, or(word.ip, z.array(word.ip).min(1), 'should be an IP address or a list of them')),
      {
        is: 'Further lines of /etc/hosts: name -> address or addresses.',
        example: { 'raw.githubusercontent.com': '185.199.108.133' },
        default: {},
      },
    ),
    swap: key(z.enum(['off', 'keep']), { is: 'Swap, now and at boot.', example: 'keep', default: defaults.swap }),
    selinux: key(z.enum(['permissive', 'enforcing', 'keep']), {
      is: 'SELinux mode, where there is SELinux.',
      example: 'enforcing',
      default: defaults.selinux,
    }),
    firewall: key(z.enum(['disable', 'open', 'keep']), {
      is: 'firewalld or ufw: stop it, open exactly the ports that the node needs, or leave it alone.',
      example: 'open',
      default: defaults.firewall,
    }),
    timeSync: key(or(z.boolean(), timeSync, 'should be true, false, or a map with `servers`'), {
      is: 'Keep the clock in step.',
      example: { servers: ['ntp.example.com'] },
      default: defaults.timeSync,
    }),
    kernel: key(z.enum(['keep', 'distribution', 'elrepo-lt']), {
      is: "Kernel of a host that is no node yet: the newest one of the distribution's package, or ELRepo's long-term kernel (Enterprise Linux), is installed and booted, one host at a time.",
      example: 'distribution',
      default: defaults.kernel,
    }),
    timezone: key(word.timezone, {
      is: 'Time zone, as its file is called in /usr/share/zoneinfo.',
      example: 'Asia/Shanghai',
      otherwise: 'it stays as it is',
    }),
    sysctl: key(
      z.record(word.sysctlKey, z.union([z.string(), z.number()], { error: 'should be a number or a text' })),
      {
        is: 'Further kernel settings.',
        example: { 'net.core.somaxconn': 4096 },
        default: {},
      },
    ),
    packages: key(z.array(word.packageName), {
      is: 'Packages beside those that Kubernetes needs.',
      example: ['nfs-common'],
      default: [],
    }),
    openFiles: key(z.int().min(1024).max(1_073_741_816), {
      is: 'Open files that the runtime and kubelet may have.',
      example: 65536,
      default: defaults.openFiles,
    }),
    kubectlUsers: key(z.array(word.userName), {
      is: "Users who get the administrator's kubeconfig as ~/.kube/config, and bash the completion of kubectl; on control planes only.",
      example: ['root', 'ops'],
      default: [],
    }),
    disableServices: key(z.array(word.unitName), {
      is: 'Units that are stopped and disabled; one that a host does not have is no fault. Without a suffix it is a service.',
      example: ['postfix'],
      default: [],
    }),
  },
);
