import { word } from './shell.js';

/** Where kubeadm and we have the static pod of a member. */
export const ETCD_MANIFEST = '/etc/kubernetes/manifests/etcd.yaml';

/** The members that the etcd of this host was started with; asked only where the manifest is. */
export const initialMembers = (): string => `sed -n 's/^ *- --initial-cluster=//p' ${word(ETCD_MANIFEST)}`;

/** `cp-1=https://10.0.0.11:2380,cp-2=…` -> names. */
export const readInitialMembers = (output: string): readonly string[] =>
  output
    .trim()
    .split(',')
    .flatMap((member) => /^([^=]+)=/.exec(member)?.[1] ?? []);
