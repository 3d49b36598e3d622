import { describe, expect, test } from '@jest/globals';
import type { MachineFacts } from '../../../src/model/index.js';
import { steps } from '../../../src/steps/index.js';
import { aDebian, aScene } from './scene.js';

const pulls = (at: string, owner: MachineFacts['owner']): readonly string[] => {
  const scene = { ...aScene({ at }), machine: aDebian({ owner }) };
  const gates = steps.find((step) => step.id === 'kubelet')?.gates?.(scene) ?? [];
  return gates.map((gate) => gate.command.join(' ')).filter((command) => command.includes(' pull '));
};

describe('images that are pulled while the control plane comes up', () => {
  test('on a worker that is new: what its first pods run', () =>
    expect(pulls('worker-2', null)).toEqual([
      'crictl pull registry.k8s.io/kube-proxy:v1.36.3',
      'crictl pull ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel1',
      'crictl pull ghcr.io/flannel-io/flannel:v0.28.4',
    ]));
  test('a later change needs no registry', () =>
    expect(pulls('worker-2', { cluster: 'test', caHash: 'sha256:0' })).toEqual([]));
  test('a control plane has better things to do', () => expect(pulls('cp-1', null)).toEqual([]));
});
