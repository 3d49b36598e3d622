# The control plane by hand. Arguments: ADDRESS TOKEN FLANNEL (the URL of its manifest). Prints the CA's hash as its last line.
set -eu
address=$1 token=$2 flannel=$3
cat > /root/kubeadm.yaml <<END
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
bootstrapTokens: [{ token: "$token", ttl: 1h }]
localAPIEndpoint: { advertiseAddress: $address }
nodeRegistration:
  criSocket: unix:///run/containerd/containerd.sock
  kubeletExtraArgs: [{ name: node-ip, value: $address }]
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
clusterName: bench
kubernetesVersion: v1.36.3
controlPlaneEndpoint: $address:6443
networking: { podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/12 }
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
# As in the lab's inventory: the hosts share a machine whose cgroups may be v1 and whose conntrack limit is not theirs.
failCgroupV1: false
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
conntrack: { maxPerCore: 0 }
END
# SystemVerification refuses cgroup v1, which is what the machine below may have.
kubeadm init --config /root/kubeadm.yaml --ignore-preflight-errors=SystemVerification > /root/kubeadm.log 2>&1 || { cat /root/kubeadm.log >&2; exit 1; }
curl -fsS -o /root/kube-flannel.yml "$flannel"
kubectl --kubeconfig=/etc/kubernetes/admin.conf apply -f /root/kube-flannel.yml > /dev/null
openssl x509 -pubkey -noout -in /etc/kubernetes/pki/ca.crt | openssl pkey -pubin -outform der | sha256sum | cut -d' ' -f1
