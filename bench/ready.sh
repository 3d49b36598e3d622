# The end state that both sides are timed to: every node Ready, CoreDNS, kube-proxy and flannel ready everywhere. Argument: number of nodes.
export KUBECONFIG=/etc/kubernetes/admin.conf
nodes=$1
deadline=$(($(date +%s) + 300))
until
  ready=$(kubectl get nodes -o 'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' 2>&1 | grep -c '^True$')
  dns=$(kubectl -n kube-system get deployment coredns -o 'jsonpath={.status.readyReplicas}' 2>&1)
  agents=$(kubectl get daemonsets -A -o 'jsonpath={range .items[*]}{.metadata.name}={.status.numberReady}{"\n"}{end}' 2>&1 | sort | tr '\n' ' ')
  [ "$ready" = "$nodes" ] && [ "$dns" = 2 ] && [ "$agents" = "kube-flannel-ds=$nodes kube-proxy=$nodes " ]
do
  if [ "$(date +%s)" -gt "$deadline" ]; then
    echo "not ready after 300 s: $ready of $nodes nodes, coredns $dns of 2, $agents" >&2
    exit 1
  fi
  sleep 0.2
done
