/** What the Kubernetes documentation has an administrator do by hand before `kubeadm join`; everything from the lab's mirror. */
export const installByHand = (gateway: string): string => `
set -eu
export DEBIAN_FRONTEND=noninteractive
upstream() { curl -fsS "http://${gateway}:8080/$1"; }
apt-get update -qq
apt-get install -y -qq --no-install-recommends conntrack socat ebtables ethtool iptables >/dev/null
systemctl disable --quiet --now firewalld
sed -i '/ swap /d' /etc/fstab
sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1

upstream github.com/containerd/containerd/releases/download/v2.2.1/containerd-2.2.1-linux-amd64.tar.gz | tar -xz -C /usr/local
upstream github.com/opencontainers/runc/releases/download/v1.4.3/runc.amd64 >/usr/local/sbin/runc
chmod 755 /usr/local/sbin/runc
mkdir -p /opt/cni/bin
upstream github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz | tar -xz -C /opt/cni/bin
upstream github.com/kubernetes-sigs/cri-tools/releases/download/v1.36.0/crictl-v1.36.0-linux-amd64.tar.gz | tar -xz -C /usr/local/bin
for program in kubelet kubeadm; do
  upstream dl.k8s.io/release/v1.36.3/bin/linux/amd64/$program >/usr/bin/$program
  chmod 755 /usr/bin/$program
done

mkdir -p /etc/containerd/certs.d/registry.k8s.io /etc/containerd/certs.d/ghcr.io
for registry in registry.k8s.io ghcr.io; do
  printf 'server = "https://%s"\\n[host."http://${gateway}:5000"]\\n  capabilities = ["pull", "resolve"]\\n' $registry >/etc/containerd/certs.d/$registry/hosts.toml
done
containerd config default | sed "s|SystemdCgroup = false|SystemdCgroup = true|; s|config_path = .*|config_path = '/etc/containerd/certs.d'|; s|sandbox = .*|sandbox = 'registry.k8s.io/pause:3.10.2'|" >/etc/containerd/config.toml
cat >/etc/systemd/system/containerd.service <<'UNIT'
[Unit]
After=network.target
[Service]
ExecStart=/usr/local/bin/containerd
Type=notify
Delegate=yes
KillMode=process
LimitNOFILE=1048576
[Install]
WantedBy=multi-user.target
UNIT

# kubernetes/release, cmd/krel/templates/latest/kubelet/kubelet.service and …/kubeadm/10-kubeadm.conf
cat >/etc/systemd/system/kubelet.service <<'UNIT'
[Unit]
Description=kubelet: The Kubernetes Node Agent
Documentation=https://kubernetes.io/docs/
Wants=network-online.target
After=network-online.target
[Service]
ExecStart=/usr/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10
[Install]
WantedBy=multi-user.target
UNIT
mkdir -p /etc/systemd/system/kubelet.service.d
cat >/etc/systemd/system/kubelet.service.d/10-kubeadm.conf <<'UNIT'
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
UNIT
systemctl daemon-reload
systemctl enable --quiet --now containerd kubelet
`;
