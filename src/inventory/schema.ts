import { z } from 'zod';
import { cluster } from './schema-cluster.js';
import { ssh, system } from './schema-host.js';
import { key, or, required, section } from './schema-key.js';
import * as word from './words.js';

const taint = section('taint', 'A taint. A text `key=value:Effect` does as well.', {
  key: required(word.labelKey, { is: 'Key, grammar of a label key.', example: 'dedicated' }),
  value: key(word.labelValue, { is: 'Value, grammar of a label value.', example: 'gpu', otherwise: 'none' }),
  effect: required(z.enum(word.taintEffects), {
    is: 'What happens to pods that do not tolerate it.',
    example: 'NoSchedule',
  }),
});
const labels = key(z.record(word.labelKey, word.labelValue), {
  is: 'Labels of the Node object.',
  example: { 'example.com/disk': 'ssd' },
  default: {},
});
const taints = key(
  z.array(or(word.taintText, taint, 'should be `key=value:Effect`, or a map with `key` and `effect`')),
  {
    is: 'Taints of the Node object, beside the one of control planes.',
    example: ['dedicated=gpu:NoSchedule'],
    default: [],
  },
);

const group = section('group', 'Settings that several nodes share.', {
  nodes: required(z.array(word.nodeName), { is: 'Names of the nodes.', example: ['worker-1', 'worker-2'] }),
  ssh: key(ssh, { is: 'Beats the `ssh` of the top level.', example: { port: 2222 } }),
  system: key(system, { is: 'Beats the `system` of the top level.', example: { swap: 'keep' } }),
  labels,
  taints,
});

const node = section('node', 'One host of the cluster.', {
  name: required(word.nodeName, { is: 'Name of the Node object and of the host.', example: 'worker-1' }),
  address: required(word.host, { is: 'Where SSH goes: IP address or DNS name.', example: '203.0.113.11' }),
  internalAddress: key(word.ip, {
    is: 'IP address that the other nodes reach it by.',
    example: '10.0.0.11',
    otherwise: '`address`',
  }),
  roles: required(z.array(z.enum(['control-plane', 'worker', 'etcd'])).min(1), {
    is: 'What runs there. `control-plane` without `worker` takes no ordinary pods. etcd runs on every control plane; the role `etcd` may say so.',
    example: ['worker'],
  }),
  labels,
  taints,
  ssh: key(ssh, { is: 'Beats the `ssh` of its group and of the top level.', example: { user: 'admin' } }),
  system: key(system, { is: 'Beats the `system` of its group and of the top level.', example: { selinux: 'keep' } }),
});

/** The inventory as operators write it. One source for validation, TypeScript types, JSON Schema and the reference. */
export const inventorySchema = z.strictObject({
  cluster: required(cluster, { is: 'The cluster as a whole.', example: { name: 'lab', release: '1.36' } }),
  ssh: key(ssh, {
    is: 'How provision reaches the hosts; groups and nodes may say otherwise.',
    example: { user: 'root' },
  }),
  system: key(system, {
    is: 'How the operating system is prepared; groups and nodes may say otherwise.',
    example: { firewall: 'open' },
  }),
  groups: key(z.record(word.groupName, group), {
    is: 'Name -> settings that several nodes share.',
    example: { gpu: { nodes: ['worker-1'], labels: { 'example.com/gpu': 'yes' } } },
    default: {},
  }),
  nodes: required(z.array(node).min(1), {
    is: 'The hosts.',
    example: [{ name: 'cp-1', address: '10.0.0.11', roles: ['control-plane', 'worker'] }],
  }),
});

export type Inventory = z.output<typeof inventorySchema>;
export type SshInput = z.output<typeof ssh>;
export type SystemInput = z.output<typeof system>;
export type NodeInput = Inventory['nodes'][number];
