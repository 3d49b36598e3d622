import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Action, StaticPodResource } from '../../src/model/index.js';
import { ACTION_PRELUDE } from '../../src/resources/index.js';
import { staticPod } from '../../src/resources/static-pod.js';

const r: StaticPodResource = {
  kind: 'static-pod',
  runtime: 'containerd',
  name: 'etcd',
  annotation: 'provision/config',
  stamp: 'new',
  within: 1,
};
const pod = (component: string, stamp?: string) => ({
  id: `${component}-${stamp}`,
  state: 'SANDBOX_READY',
  labels: { component, tier: 'control-plane' },
  annotations: { 'kubernetes.io/config.source': 'file', ...(stamp === undefined ? {} : { 'provision/config': stamp }) },
});
const said = (...items: unknown[]): string => `${JSON.stringify({ items }, null, 2)}\n`;
const circumstances = {
  newToken: () => {
    throw new Error('no token is needed');
  },
  superAdminKubeconfig: () => {
    throw new Error('no administrator is needed');
  },
};
const decide = (output: string) =>
  staticPod.read(output, [r]).flatMap((answer) => staticPod.appear(r, answer, circumstances).map((d) => d.because[0]));

describe('a static pod', () => {
  test.each([
    ['no runtime', '{}', 'it does not run'],
    ['no pod', said(), 'it does not run'],
    ['another component', said(pod('kube-apiserver', 'new')), 'it does not run'],
    ['from a former manifest', said(pod('etcd', 'old')), 'it runs from another manifest'],
    ['from a manifest of somebody else', said(pod('etcd')), 'it runs from another manifest'],
    ['the former one beside it', said(pod('etcd', 'old'), pod('etcd', 'new')), 'it does not run'],
  ])('%s: waited for', (_, output, because) => expect(decide(output)).toEqual([because]));

  test('from its manifest: nothing to do', () => expect(decide(said(pod('etcd', 'new')))).toEqual([]));
  test('noise is no answer', () => expect(() => staticPod.read('FATA[0000] boom', [r])).toThrow(/not JSON/));

  test.each([
    ['runs from its manifest', [pod('etcd', 'new')], 'c1', 0],
    ['runs from the former one', [pod('etcd', 'old')], 'c1', 1],
    ['has both for a moment', [pod('etcd', 'old'), pod('etcd', 'new')], 'c1', 1],
    ['has no container yet', [pod('etcd', 'new')], '', 1],
  ])('the shell of one that %s', (_, pods, container, code) => {
    const crictl = `case "$*" in *'-o json') cat pods.json ;; *' pods '*) echo p1 ;; *' ps -q '*) printf %s '${container}' ;; esac`;
    expect(seen(r, { crictl, 'pods.json': said(...pods) })).toBe(code);
  });

  test.each([
    ['runs from its manifest', 'p1 new', 'c1', 0],
    ['runs from the former one', 'p1 old', 'c1', 1],
    ['has both for a moment', 'p1 old\np2 new', 'c1', 1],
    ['has no container yet', 'p1 new', '', 1],
  ])('the shell of one of Docker that %s', (_, pods, container, code) => {
    const docker = `case "$*" in *podsandbox*'.Label "annotation.provision/config"'*) printf '${pods}' ;; *sandbox.id=p1*) printf %s '${container}' ;; esac`;
    expect(seen({ ...r, runtime: 'docker' }, { docker })).toBe(code);
  });

  test('Docker says annotations as labels', () => {
    const docker: StaticPodResource = { ...r, runtime: 'docker' };
    const line = (stamp: string): string =>
      `${JSON.stringify({ component: 'etcd', tier: 'control-plane', 'annotation.provision/config': stamp })}\n`;
    expect(staticPod.read(line('new'), [docker])).toEqual([{ stamp: 'new' }]);
    expect(staticPod.read(line('new') + line('old'), [docker])).toEqual([{ stamp: null }]);
    expect(staticPod.read('', [docker])).toEqual([{ stamp: null }]);
    expect(() => staticPod.read('Cannot connect', [docker])).toThrow(/not JSON/);
  });
});

/** The exit code of the action on a host with these programs and files. */
function seen(resource: StaticPodResource, files: Readonly<Record<string, string>>): number | null {
  const folder = mkdtempSync(join(tmpdir(), 'static-pod-'));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), name.includes('.') ? text : `#!/bin/sh\ncd ${folder}\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` };
  const script = `${ACTION_PRELUDE}\n${staticPod.make(resource, {} as Action)}`;
  const done = spawnSync('sh', ['-s'], { input: script, encoding: 'utf8', env });
  rmSync(folder, { recursive: true });
  if (done.status !== 0) expect(done.stdout).toContain('etcd does not run from its manifest within 1 s');
  return done.status;
}
