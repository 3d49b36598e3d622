import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { labRelease } from '../../src/lab/index.js';
import {
  aFreshHostJoins,
  aSecondApplyChangesNothing,
  itWorks,
  kubectlOn,
  type PracticeCluster,
} from './cluster-tests.js';
import { differences } from './host-state.js';
import { must } from './lab.js';
import { OwnLab } from './own-lab.js';

/**
 * Hosts like CentOS 7 (Debian underneath: docs/lab.md) with Docker 20.10 and a Kubernetes that drives Docker itself, everything from
 * a mirror of Aliyun's shape: what the runbooks in docs/seeds.md do by hand.
 */
export function dockerOnCentOs7(release: string, version: string): void {
  const lab = new OwnLab(`docker-${release.replace('.', '-')}`, {
    like: 'centos7',
    release: labRelease(release),
    hosts: 3,
  });
  const quoted = version.replaceAll('.', '\\.');
  const cluster: PracticeCluster = {
    nodes: ['h1', 'h2'],
    inventory: lab.inventory,
    on: lab.on,
    node: new RegExp(` Ready .* v${quoted} .*docker://20\\.10\\.24`),
  };

  describe(`centos7, Docker 20.10, Kubernetes ${version}, mirrors like Aliyun's`, () => {
    beforeAll(async () => {
      await lab.up();
      lab.write(cluster.nodes, ({ cluster: settings, ...inventory }) => {
        // A field that these kubelets do not know; the lab's thresholds for a full disk stay.
        const { failCgroupV1: _later, ...kubelet } = settings['kubelet'] as Record<string, unknown>;
        Object.assign(settings, { install: 'packages', runtime: 'docker', kubelet });
        Object.assign(settings.mirrors, { preset: 'aliyun' });
        settings.mirrors.registries['registry.aliyuncs.com'] = settings.mirrors.registries['registry.k8s.io'] ?? '';
        Object.assign(inventory, { system: { repositories: 'mirror' } });
      });
    });
    afterAll(lab.down);

    test('apply builds it', async () => {
      await must(['apply', '-i', cluster.inventory(), '--yes']);
    });

    itWorks(cluster);

    test('Docker and the kubelet have one cgroup driver, and pods are where it puts them', async () => {
      for (const host of cluster.nodes) {
        expect(await lab.on(host, "docker info --format '{{.CgroupDriver}} {{.LoggingDriver}}'")).toBe(
          'systemd json-file\n',
        );
        expect(await lab.on(host, 'systemctl is-active kubepods.slice')).toBe('active\n');
      }
    });

    test('every image came from the mirror, Kubernetes’ own by the flat names of Aliyun', async () => {
      const images = await kubectlOn(cluster, 'get pods -A -o jsonpath={.items[*].spec.containers[*].image}');
      for (const image of images.split(' '))
        expect(image).toMatch(/^[0-9.]+:5000\/(google_containers\/[^/]+|flannel-io\/[^/]+)$/);
    });

    aSecondApplyChangesNothing(cluster);

    aFreshHostJoins(cluster, 'h3', (command) => byHand(lab.lab.gateway, version, command), cluster.node);

    test('reset gives everything back', async () => {
      await kubectlOn(cluster, 'delete node h3');
      await must(['reset', '-i', cluster.inventory(), '--yes']);
      for (const host of cluster.nodes)
        expect(differences(lab.stateBefore(host), await lab.stateNow(host))).toEqual([]);
    });
  });
}

/** What the runbooks have an administrator do on a node, with the lab's mirror for Aliyun's. */
const byHand = (gateway: string, version: string, join: string): string => `
set -eu
sed -i '/ swap /d' /etc/fstab
systemctl disable --quiet --now firewalld
sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
rm -f /etc/yum.repos.d/*.repo
aliyun=http://${gateway}:8080/mirrors.aliyun.com
repo() { printf '[%s]\\nname=%s\\nbaseurl=%s\\nenabled=1\\ngpgcheck=0\\n' "$1" "$1" "$aliyun/$2" >/etc/yum.repos.d/$1.repo; }
repo base centos/7/os/x86_64
repo extras centos/7/extras/x86_64
repo docker-ce docker-ce/linux/centos/7/x86_64/stable
repo kubernetes kubernetes/yum/repos/kubernetes-el7-x86_64
yum -y install docker-ce-20.10.24 docker-ce-cli-20.10.24 kubelet-${version} kubeadm-${version} kubectl-${version} >/dev/null
mkdir -p /etc/docker
echo '{"exec-opts": ["native.cgroupdriver=systemd"], "insecure-registries": ["${gateway}:5000"]}' >/etc/docker/daemon.json
systemctl enable --quiet --now docker kubelet
${join} --ignore-preflight-errors=SystemVerification 2>&1
`;
