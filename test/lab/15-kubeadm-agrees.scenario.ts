import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { placesOf } from '../../src/lab/index.js';
import type { KubernetesObject, Resource, Scene } from '../../src/model/index.js';
import { clusterImages, knownVersions } from '../../src/release/index.js';
import { steps } from '../../src/steps/index.js';
import { bareYaml, parseYamlDocuments } from '../../src/templates.js';
import { must } from '../support/lab.js';
import { aNode } from '../support/scene.js';
import { aScene } from '../unit/steps/scene.js';

// The real kubeadm of each release that this machine has a mirror of writes its static pods into a folder that it takes for the
// host's root (--rootfs): ours must be the same. kubelet and kubectl are asked whether they know our words. No lab host is needed.

const ARCH = process.arch === 'arm64' ? 'arm64' : 'amd64';
const { cache } = placesOf();

/** The mirror that has the kubeadm of that version; undefined: none is built here. */
function mirrorOf(version: string): string | undefined {
  const folders = existsSync(cache) ? readdirSync(cache) : [];
  return folders
    .filter((name) => name.startsWith('mirror-') && !name.endsWith('.partial'))
    .map((name) => join(cache, name))
    .find((folder) => existsSync(join(folder, 'checksums.json')) && existsSync(binaryIn(folder, version, 'kubeadm')));
}

const binaryIn = (mirror: string, version: string, name: string): string =>
  join(mirror, `files/dl.k8s.io/release/v${version}/bin/linux/${ARCH}/${name}`);

const newest = knownVersions().at(-1) ?? '';
const here = knownVersions().filter((version) => version === newest || mirrorOf(version) !== undefined);
for (const version of knownVersions().filter((known) => !here.includes(known))) {
  process.stdout.write(`  kubeadm ${version} is not asked: no mirror of it is built (provision lab build --release)\n`);
}

const folders: string[] = [];
/** A place that kubeadm takes for the host's root: as bare as it goes, with the authorities' folders of a Debian. */
function bareRoot(): string {
  const folder = mkdtempSync(join(tmpdir(), 'provision-kubeadm-'));
  folders.push(folder);
  const shares = ['etc/ca-certificates', 'usr/local/share/ca-certificates', 'usr/share/ca-certificates'];
  for (const path of ['etc/kubernetes', 'etc/ssl/certs', ...shares]) mkdirSync(join(folder, path), { recursive: true });
  return folder;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const checksums = (version: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ['kubelet', 'kubeadm', 'kubectl'].map((name) => [
      `https://dl.k8s.io/release/v${version}/bin/linux/amd64/${name}`,
      'a'.repeat(64),
    ]),
  );

function sceneAt(version: string): Scene {
  const mirrors = { ...aScene().cluster.mirrors, checksums: checksums(version) };
  return aScene({ nodes: [aNode('cp-1', { roles: ['control-plane'] })], cluster: { version, mirrors } });
}

/** The cluster of the scene in kubeadm's words. */
function configOf({ cluster, node, release }: Scene): string {
  const documents = [
    {
      apiVersion: release.kubeadm.api,
      kind: 'InitConfiguration',
      localAPIEndpoint: { advertiseAddress: node.internalAddress, bindPort: 6443 },
      nodeRegistration: { name: node.name, criSocket: 'unix:///run/containerd/containerd.sock' },
    },
    {
      apiVersion: release.kubeadm.api,
      kind: 'ClusterConfiguration',
      kubernetesVersion: `v${cluster.version}`,
      clusterName: cluster.name,
      imageRepository: release.imageRepository,
      networking: {
        podSubnet: cluster.network.podCidr,
        serviceSubnet: cluster.network.serviceCidr,
        dnsDomain: cluster.network.dnsDomain,
      },
    },
  ];
  return documents.map((document) => bareYaml(document)).join('---\n');
}

interface Pod {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>>; readonly creationTimestamp?: null };
  readonly spec: {
    readonly containers: readonly Container[];
    readonly volumes: readonly Named[];
  };
}
interface Container {
  readonly command: readonly string[];
  readonly volumeMounts: readonly Named[];
  readonly resources: Readonly<Record<string, unknown>>;
}
interface Named {
  readonly name: string;
}

const byName = (list: readonly Named[]): readonly Named[] => [...list].sort((a, b) => (a.name < b.name ? -1 : 1));

interface Plain {
  readonly metadata: { readonly annotations?: unknown };
  readonly spec: Pod['spec'];
}

/** The same pod is the same text: without what serialization adds and without our own mark, lists of names sorted. */
function plain(text: string, leftOut: readonly string[]): Plain {
  const { metadata, spec, ...rest } = parseYamlDocuments(text)[0] as Pod & Record<string, unknown>;
  const { creationTimestamp: _none, annotations = {}, ...named } = metadata;
  const { 'provision/config': _ours, ...kept } = annotations;
  const { status: _empty, ...body } = rest;
  return {
    ...body,
    metadata: { ...named, ...(Object.keys(kept).length === 0 ? {} : { annotations: kept }) },
    spec: {
      ...spec,
      containers: spec.containers.map((container) => ({
        ...container,
        command: container.command.filter((flag) => !leftOut.some((name) => flag.startsWith(`--${name}=`))),
        volumeMounts: byName(container.volumeMounts),
      })),
      volumes: byName(spec.volumes),
    },
  };
}

/** Flags in which we differ on purpose: 1.17 does not tell the cluster's name; the mask's size is the default that kubeadm spells out. */
const ON_PURPOSE: Readonly<Record<string, readonly string[]>> = {
  'kube-controller-manager': ['cluster-name', 'node-cidr-mask-size'],
};

const ADD_ONS = ['coredns', 'kube-proxy'];
const idOf = ({ kind, metadata: { name, namespace = '' } }: KubernetesObject): string => `${kind} ${namespace} ${name}`;

/**
 * Left out: our marks, what the API server would fill in, kube-proxy's configuration, in which kubeadm spells out every default, and how
 * often CoreDNS is asked whether it is ready, which kubeadm leaves at the default and we do not.
 */
const LEFT_OUT = ['provision/config', 'config.conf', 'creationTimestamp', 'resourceVersion'];

const plainObject = (object: KubernetesObject | undefined): unknown =>
  object === undefined
    ? undefined
    : JSON.parse(
        JSON.stringify(object, (key, value: unknown) => {
          if (key === 'kubeconfig.conf') return parseYamlDocuments(String(value));
          if (key === 'readinessProbe')
            return { ...(value as object), periodSeconds: undefined, failureThreshold: undefined };
          if (LEFT_OUT.includes(key) || value === 'rbac.authorization.k8s.io' || value === false) return undefined;
          return key === 'annotations' && Object.keys(value as object).every((name) => LEFT_OUT.includes(name))
            ? undefined
            : value;
        }).replaceAll('# Written by provision; edits are undone by the next apply.\\n', ''),
      );

/**
 * kubeadm before 1.20 asks for nothing on etcd's behalf, and 1.17 does not write down the endpoints: ours does what the later ones do.
 * Ten seconds between two probes are the API's default.
 */
function bare(pod: Plain, theirs: Plain): unknown {
  const asksNothing = Object.keys(theirs.spec.containers[0]?.resources ?? {}).length === 0;
  const saysNothing = theirs.metadata.annotations === undefined;
  return JSON.parse(
    JSON.stringify(pod, (key, value: unknown) => {
      const isLeftOut =
        (asksNothing && key === 'resources') ||
        (saysNothing && key === 'annotations') ||
        (key === 'periodSeconds' && value === 10);
      return isLeftOut ? undefined : value;
    }),
  );
}

const POD_NAMES = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;

describe.each(here)('kubeadm %s', (version) => {
  const scene = sceneAt(version);
  const wanted: readonly Resource[] = steps
    .filter((step) => step.on(scene.node, scene.cluster, scene.leader))
    .flatMap((step) => step.desire(scene));
  let root = '';
  let kubeadm = '';

  beforeAll(async () => {
    if (mirrorOf(version) === undefined) await must(['lab', 'build']);
    kubeadm = binaryIn(mirrorOf(version) ?? '', version, 'kubeadm');
    root = bareRoot();
    writeFileSync(join(root, 'kubeadm.yaml'), configOf(scene));
    for (const phase of [
      ['control-plane', 'all'],
      ['etcd', 'local'],
    ])
      execFileSync(kubeadm, ['--rootfs', root, 'init', 'phase', ...phase, '--config', '/kubeadm.yaml'], {
        stdio: 'pipe',
      });
  });

  test.each(POD_NAMES)('writes the same %s as we do', (name) => {
    const path = `/etc/kubernetes/manifests/${name}.yaml`;
    const ours = wanted.find((resource) => resource.kind === 'file' && resource.path === path);
    const leftOut = ON_PURPOSE[name] ?? [];
    const [mine, theirs] = [
      plain(ours?.kind === 'file' ? String(ours.content) : '', leftOut),
      plain(readFileSync(join(root, path), 'utf8'), leftOut),
    ];
    expect(bare(mine, theirs)).toEqual(bare(theirs, theirs));
  });

  test('names the same images', () => {
    const said = execFileSync(kubeadm, ['--rootfs', root, 'config', 'images', 'list', '--config', '/kubeadm.yaml'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ours = clusterImages(scene.cluster, scene.release).filter((image) => image.startsWith('registry.k8s.io/'));
    expect([...ours].sort()).toEqual(said.trim().split('\n').sort());
  });

  // `--print-manifest` came with 1.28: of the releases here those have it whose configuration API is v1beta4.
  if (scene.release.kubeadm.extraArgs === 'list')
    test.each(ADD_ONS)('has the same objects for %s', (addOn) => {
      const words = ['init', 'phase', 'addon', addOn, '--print-manifest', '--config', '/kubeadm.yaml'];
      const said = execFileSync(kubeadm, ['--rootfs', root, ...words], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const theirs = parseYamlDocuments(said).filter((document): document is KubernetesObject => document !== null);
      const ours = wanted.flatMap((resource) => (resource.kind === 'objects' ? resource.manifests : []));
      expect(theirs.length).toBeGreaterThan(4);
      for (const object of theirs)
        expect(plainObject(ours.find((one) => idOf(one) === idOf(object)))).toEqual(plainObject(object));
    });

  const help = (name: string, ...words: string[]): string =>
    execFileSync(binaryIn(mirrorOf(version) ?? '', version, name), words, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { HOME: root },
    });
  const unknownTo = (said: string, flags: readonly string[]): readonly string[] =>
    flags.filter((flag) => !new RegExp(`^ +(-., )?${flag.replace(/=.*$/, '')}[ =]`, 'm').test(said));

  test('its kubelet knows every flag that we give it', () => {
    const { flags, endpoint } = scene.release.kubelet;
    const given = [
      ...flags.containerd,
      ...flags.docker,
      ...(endpoint === 'flag' ? ['--container-runtime-endpoint'] : []),
      ...['--bootstrap-kubeconfig', '--kubeconfig', '--config', '--node-ip', '--hostname-override'],
    ];
    expect(unknownTo(help('kubelet', '--help'), given)).toEqual([]);
  });

  test('its kubectl knows the words that the product has for it', () => {
    expect(
      unknownTo(help('kubectl', 'apply', '--help'), ['--server-side', '--force-conflicts', '--field-manager']),
    ).toEqual([]);
    const drain = ['--ignore-daemonsets', scene.release.kubectl.deleteEmptyDirData, '--force', '--timeout'];
    expect(unknownTo(help('kubectl', 'drain', '--help'), drain)).toEqual([]);
    expect(unknownTo(help('kubectl', 'options'), ['--cache-dir', '--request-timeout', '--kubeconfig'])).toEqual([]);
  });
});
