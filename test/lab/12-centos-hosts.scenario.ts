import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { down, exec, type Lab, labPlaces, placesOf, up } from '../../src/lab/index.js';
import { provision } from '../support/lab.js';
import { ownLabName } from '../support/lab-names.js';

// Hosts like CentOS 7 and 9, without a cluster: what a provisioner sees of them, and that the mirror's packages are real, signed and
// refused by another key. They are Debian underneath (docs/lab.md). And the same packages by apt on a Debian host.
const CENTOS = ['centos7', 'centos9'] as const;
const KINDS = [...CENTOS, 'debian12'] as const;
type Kind = (typeof KINDS)[number];
const nameOf = (kind: Kind): string => ownLabName(kind);
const labs = new Map<Kind, Lab>();
const places = placesOf();

beforeAll(async () => {
  for (const like of KINDS) labs.set(like, await up({ name: nameOf(like), hosts: 1, like }));
}, 1_800_000);

afterAll(async () => {
  for (const kind of KINDS) await down(nameOf(kind));
}, 120_000);

const run = (kind: Kind, script: string) => exec(nameOf(kind), 'h1', script);
const said = async (kind: Kind, script: string): Promise<string> => {
  const { code, stdout, stderr } = await run(kind, script);
  if (code !== 0) throw new Error(`${kind}: ended with ${code}\n${script}\n${stdout}\n${stderr}`);
  return stdout.trim();
};
const mirrorOf = (kind: Kind): string => `http://${labs.get(kind)?.gateway}:8080`;

/** A .repo file with everything checked, as `yum-config-manager --add-repo` would leave it. */
const addRepository = (kind: Kind, id: string, path: string, key: string): Promise<string> => {
  const lines = [
    `[${id}]`,
    `name=${id}`,
    `baseurl=${mirrorOf(kind)}/${path}`,
    'enabled=1',
    'gpgcheck=1',
    'repo_gpgcheck=1',
  ];
  return said(
    kind,
    `printf '%s\\n' ${[...lines, `gpgkey=${key}`].map((line) => `'${line}'`).join(' ')} > /etc/yum.repos.d/${id}.repo`,
  );
};
const only = (...ids: readonly string[]): string =>
  `--disablerepo='*' ${ids.map((id) => `--enablerepo=${id}`).join(' ')}`;
const docker = { centos7: 'mirrors.aliyun.com/docker-ce/linux/centos', centos9: 'download.docker.com/linux/centos' };

describe.each(CENTOS)('a host like %s', (kind) => {
  const version = kind.slice(-1);
  const base = {
    centos7: 'mirrors.aliyun.com/centos/7/os/x86_64',
    centos9: 'mirror.stream.centos.org/9-stream/BaseOS/x86_64/os',
  };
  const extras = {
    centos7: 'mirrors.aliyun.com/centos/7/extras/x86_64',
    centos9: 'mirror.stream.centos.org/9-stream/AppStream/x86_64/os',
  };

  test('is CentOS to a provisioner', async () => {
    const { code, stdout } = await provision([
      'facts',
      '--json',
      '-i',
      join(labPlaces(places, nameOf(kind)).state, 'inventory.yaml'),
    ]);
    expect(code).toBe(0);
    const [facts] = Object.values(JSON.parse(stdout)) as { os: object; packageManager: string; firewall: string }[];
    expect(JSON.stringify(facts)).toContain('"family":"el' + version + '"');
    expect(JSON.stringify(facts)).toContain(`"packageManager":"${kind === 'centos7' ? 'yum' : 'dnf'}"`);
    expect(JSON.stringify(facts)).toContain('"firewall":"firewalld"');
  });

  test('has what the distribution’s installer leaves', async () => {
    const answers = await said(
      kind,
      `cat /etc/redhat-release; grep ^SELINUX= /etc/sysconfig/selinux; grep -c ' swap  *defaults' /etc/fstab; systemctl is-system-running
       systemctl is-active firewalld crond ${kind === 'centos7' ? 'postfix' : 'chronyd'} | sort -u; rpm -q --whatprovides iproute procps | wc -l
       command -v apt-get || command -v dpkg || echo 'nothing of apt'; su - ops -c 'groups'`,
    );
    expect(answers.split('\n')).toEqual([
      ...[
        expect.stringContaining(kind === 'centos7' ? '7.9.2009' : 'Stream release 9'),
        'SELINUX=enforcing',
        '1',
        'running',
      ],
      ...['active', '2', 'nothing of apt', expect.stringContaining('wheel')],
    ]);
  });

  test('installs nothing from the repositories that it came with', async () => {
    const { code, stderr } = await run(kind, 'yum -y --setopt=retries=1 install socat');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/resolve host/);
  });

  test('lists several versions of Docker', async () => {
    await addRepository(
      kind,
      'lab-docker',
      `${docker[kind]}/${version}/x86_64/stable`,
      `${mirrorOf(kind)}/${docker[kind]}/gpg`,
    );
    const listed = await said(kind, `yum -y ${only('lab-docker')} list --showduplicates docker-ce`);
    expect(listed).toMatch(/3:20\.10\.23-3\.el\d/);
    expect(listed).toMatch(/3:20\.10\.24-3\.el\d/);
  });

  test('takes nothing that is signed by another key', async () => {
    await said(
      kind,
      `export GNUPGHOME=$(mktemp -d); gpg --batch --quiet --passphrase '' --quick-generate-key other rsa2048 sign never
       gpg --armor --export > /root/other.asc; gpgconf --kill all; rm -rf "$GNUPGHOME"`,
    );
    await addRepository(kind, 'lab-base', base[kind], 'file:///root/other.asc');
    // The index, where it is checked; and the package itself, where only that is.
    for (const check of ['lab-base.repo_gpgcheck=1', 'lab-base.repo_gpgcheck=0']) {
      const { code, stdout, stderr } = await run(kind, `yum -y ${only('lab-base')} --setopt=${check} install ethtool`);
      expect(code).not.toBe(0);
      expect(stdout + stderr).toMatch(/gpg|signature|public key|GPG/i);
    }
    expect((await run(kind, 'rpm -q ethtool')).code).toBe(1);
  });

  test('installs a signed package by the key of its publisher', async () => {
    const key = kind === 'centos7' ? 'RPM-GPG-KEY-CentOS-7' : 'RPM-GPG-KEY-centosofficial';
    await addRepository(kind, 'lab-base', base[kind], `file:///etc/pki/rpm-gpg/${key}`);
    await addRepository(kind, 'lab-extras', extras[kind], `file:///etc/pki/rpm-gpg/${key}`);
    await said(kind, `yum -y ${only('lab-base', 'lab-extras')} install ethtool socat conntrack-tools ipvsadm ipset`);
    expect(
      await said(kind, 'ethtool --version; socat -V | sed -n 2p; conntrack --version; ipset --version | head -1'),
    ).toMatch(/ethtool version .*\nsocat version .*\nconntrack v.*\nipset v/);
    expect(await said(kind, 'rpm -q --qf "%{SIGPGP:pgpsig}%{RSAHEADER:pgpsig}" ethtool')).toMatch(/Key ID/);
  });
});

test('yum of CentOS 7 refuses what yum 3 does not know', async () => {
  expect((await run('centos7', 'yum install --allowerasing socat')).stderr).toMatch(/no such option: --allowerasing/);
  expect((await run('centos7', 'command -v dnf')).code).not.toBe(0);
});

test('Docker from the packages runs: overlay2, and systemd as its cgroup driver', async () => {
  await said(
    'centos7',
    `mkdir -p /etc/docker; echo '{"exec-opts": ["native.cgroupdriver=systemd"], "insecure-registries": ["${labs.get('centos7')?.gateway}:5000"]}' > /etc/docker/daemon.json
     yum -y ${only('lab-base', 'lab-extras', 'lab-docker')} install docker-ce-20.10.24-3.el7 docker-ce-cli-20.10.24-3.el7 containerd.io`,
  );
  expect(await said('centos7', 'systemctl is-active docker || :')).toBe('inactive'); // as on an Enterprise Linux
  await said('centos7', 'systemctl enable --now docker');
  expect(await said('centos7', `docker info --format '{{.ServerVersion}} {{.Driver}} {{.CgroupDriver}}'`)).toMatch(
    /^20\.10\.24\S* overlay2 systemd$/,
  );
  const image = `${labs.get('centos7')?.gateway}:5000/e2e-test-images/agnhost`;
  const tag = await said(
    'centos7',
    `curl -s http://${labs.get('centos7')?.gateway}:5000/v2/e2e-test-images/agnhost/tags/list`,
  );
  const [, version] = /"tags":\["([^"]+)"/.exec(tag) ?? [];
  expect(
    await said('centos7', `docker run --rm --oom-score-adj=-500 --entrypoint echo ${image}:${version} hello`),
  ).toBe('hello');
}, 300_000);

test('a Debian host takes Docker and a pinned kubelet by apt, by the keys of their repositories', async () => {
  const mirror = mirrorOf('debian12');
  const repositories = {
    docker: { key: 'download.docker.com/linux/debian/gpg', line: 'download.docker.com/linux/debian bookworm stable' },
    kubernetes: {
      key: 'pkgs.k8s.io/core:/stable:/v1.36/deb/Release.key',
      line: 'pkgs.k8s.io/core:/stable:/v1.36/deb/ /',
    },
  };
  for (const [id, { key, line }] of Object.entries(repositories)) {
    await said(
      'debian12',
      `mkdir -p /etc/apt/keyrings; curl -sf ${mirror}/${key} -o /etc/apt/keyrings/${id}.asc
       echo 'deb [signed-by=/etc/apt/keyrings/${id}.asc] ${mirror}/${line}' > /etc/apt/sources.list.d/${id}.list`,
    );
  }
  await said(
    'debian12',
    `export DEBIAN_FRONTEND=noninteractive; apt-get -q update && apt-get -q -y install docker-ce kubelet=1.36.2-1.1 containerd.io=1.6.20-1`,
  );
  expect(
    await said(
      'debian12',
      `docker info --format '{{.ServerVersion}} {{.Driver}}'; dpkg-query -W -f '\${Version}' kubelet`,
    ),
  ).toMatch(/^20\.10\.24\S* overlay2\n1\.36\.2-1\.1$/);
}, 300_000);

test('when they go, nothing is left', async () => {
  for (const kind of KINDS) {
    const { run: running, disks, state } = labPlaces(places, nameOf(kind));
    expect(await down(nameOf(kind))).toBe(true);
    expect([running, disks, state].filter((path) => existsSync(path))).toEqual([]);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(`/${nameOf(kind)}/`);
  }
});
