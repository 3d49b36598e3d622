import type { MembershipResource } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import type { Kind } from './kind.js';
import { ADMIN_CONF, apiWord } from './kubectl-words.js';
import { word } from './shell.js';

/** A node's place in a living cluster. Joining is the kubelet's identity; here are the parts of its leave, done by one that stays. */
export const membership: Kind<MembershipResource, null> = {
  kind: 'membership',
  name: (r) => r.node,
  ask: () => ':',
  read: (_output, rs) => rs.map(() => null),
  appear: () => [],
  satisfied: () => null,
  make(r, action) {
    switch (action.part) {
      case 'drain':
        return leaveScripts.drain(r);
      case 'delete':
        return leaveScripts.deleteNode(r.node);
      case 'etcd-leave':
        return leaveScripts.removeEtcdMember(r.node);
      default:
        throw new ProvisionError('INTERNAL', `a leave has no part ${action.part}`);
    }
  },
};

/** Seconds; a pod that will not go in that time is named, and the reset goes on only when told so. */
const DRAIN_WITHIN = 120;

const ETCDCTL = `etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt \\
  --cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt --key=/etc/kubernetes/pki/etcd/healthcheck-client.key`;

/** Shell run on a surviving control plane when a node leaves a living cluster. Each is total: a node that is gone already is fine. */
const leaveScripts = Object.freeze({
  /** Moves its pods away. */
  drain: ({ node, deleteEmptyDirData }: MembershipResource): string => `
${apiWord(ADMIN_CONF)}
[ -n "$(api get node ${word(node)} --ignore-not-found -o name)" ] || exit 0
api drain ${word(node)} --ignore-daemonsets ${word(deleteEmptyDirData)} --force --timeout=${DRAIN_WITHIN}s`,

  /** Forgets it. */
  deleteNode: (node: string): string => `
${apiWord(ADMIN_CONF)}
api delete node ${word(node)} --ignore-not-found --wait=true`,

  /** Takes its etcd member out, by name; no etcdctl is on the host, so the one in the etcd container speaks. Refuses the last member. */
  removeEtcdMember: (node: string): string => `
in_etcd() {
  if have crictl && _id=$(crictl ps -q --state Running --name '^etcd$' 2>/dev/null | head -n 1) && [ -n "$_id" ]; then crictl exec "$_id" "$@"
  elif have docker && _id=$(docker ps -q --filter label=io.kubernetes.container.name=etcd | head -n 1) && [ -n "$_id" ]; then docker exec "$_id" "$@"
  else say 'no etcd runs on this control plane'; return 1; fi
}
members=$(in_etcd ${ETCDCTL} member list -w simple) || { say "$members"; exit 1; }
id=$(printf '%s\\n' "$members" | awk -F', ' -v n=${word(node)} '$3 == n { print $1 }')
[ -n "$id" ] || exit 0
[ "$(printf '%s\\n' "$members" | grep -c .)" -gt 1 ] || { say 'this is the last etcd member: it goes with its data, not before'; exit 1; }
in_etcd ${ETCDCTL} member remove "$id"`,
});
