# One host by hand, up to the point where kubeadm can run; the same things that provision brings about.
# Arguments: MIRROR (http://…:8080) REGISTRY (http://…:5000) HOSTS ("address name" lines). Runs as root: ssh root@host sh -s -- … < this file
set -eu
mirror=$1 registry=$2 hosts=$3
kubernetes=1.36.3 containerd=2.2.1 runc=1.4.3 cni=1.9.1 crictl=1.36.0
arch=$(dpkg --print-architecture)
work=$(mktemp -d)

# Downloads run beside apt; each is checked against the checksum that its publisher serves beside it.
fetch() { # PATH-BELOW-MIRROR FILE
  curl -fsS -o "$work/$2" "$mirror/$1"
  printf '%s  %s\n' "$(curl -fsS "$mirror/$1.sha256" | cut -c1-64)" "$work/$2" | sha256sum -c --quiet
}
fetches=
for binary in kubelet kubeadm kubectl; do
  fetch "dl.k8s.io/release/v$kubernetes/bin/linux/$arch/$binary" $binary & fetches="$fetches $!"
done
fetch "github.com/containerd/containerd/releases/download/v$containerd/containerd-$containerd-linux-$arch.tar.gz" containerd.tgz & fetches="$fetches $!"
fetch "github.com/opencontainers/runc/releases/download/v$runc/runc.$arch" runc & fetches="$fetches $!"
fetch "github.com/containernetworking/plugins/releases/download/v$cni/cni-plugins-linux-$arch-v$cni.tgz" cni.tgz & fetches="$fetches $!"
fetch "github.com/kubernetes-sigs/cri-tools/releases/download/v$crictl/crictl-v$crictl-linux-$arch.tar.gz" crictl.tgz & fetches="$fetches $!"

printf '%s\n' "$hosts" >> /etc/hosts
sed -i '/\sswap\s/s/^/#/' /etc/fstab
if [ "$(wc -l < /proc/swaps)" -gt 1 ]; then swapoff -a; fi
sed -i 's/^SELINUX=enforcing/SELINUX=permissive/' /etc/selinux/config
systemctl disable --now --quiet firewalld 2>&1
printf 'overlay\nbr_netfilter\n' > /etc/modules-load.d/kubernetes.conf
for module in overlay br_netfilter; do
  # A kernel that has it built in has nothing to load.
  modprobe $module 2> /dev/null || grep -qw overlay /proc/filesystems
done
cat > /etc/sysctl.d/kubernetes.conf <<'END'
net.bridge.bridge-nf-call-iptables = 1
net.bridge.bridge-nf-call-ip6tables = 1
net.ipv4.ip_forward = 1
END
sysctl -q -p /etc/sysctl.d/kubernetes.conf
printf '* soft nofile 1048576\n* hard nofile 1048576\nroot soft nofile 1048576\nroot hard nofile 1048576\n' > /etc/security/limits.d/kubernetes.conf

export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install -y --no-install-recommends ca-certificates chrony conntrack curl ebtables ethtool iproute2 ipset iptables \
  kmod mount openssl procps socat tar util-linux > "$work/apt.log" 2>&1 || { cat "$work/apt.log"; exit 1; }
systemctl enable --now --quiet chrony 2>&1

for pid in $fetches; do wait "$pid"; done
install -m 0755 "$work/kubelet" "$work/kubeadm" "$work/kubectl" /usr/local/bin/
install -m 0755 "$work/runc" /usr/local/sbin/runc
tar -xzf "$work/containerd.tgz" -C /usr/local
mkdir -p /opt/cni/bin /etc/containerd /etc/systemd/system/kubelet.service.d
tar -xzf "$work/cni.tgz" -C /opt/cni/bin
tar -xzf "$work/crictl.tgz" -C /usr/local/bin

cat > /etc/containerd/config.toml <<'END'
version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = 'registry.k8s.io/pause:3.10.2'
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = '/etc/containerd/certs.d'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = true
END
for name in registry.k8s.io ghcr.io; do
  mkdir -p "/etc/containerd/certs.d/$name"
  printf 'server = "https://%s"\n\n[host."%s"]\n  capabilities = ["pull", "resolve"]\n' $name "$registry" \
    > "/etc/containerd/certs.d/$name/hosts.toml"
done
# https://raw.githubusercontent.com/containerd/containerd/main/containerd.service
cat > /etc/systemd/system/containerd.service <<'END'
[Unit]
Description=containerd container runtime
After=network.target
[Service]
ExecStart=/usr/local/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999
[Install]
WantedBy=multi-user.target
END
# The unit and the drop-in of the kubeadm package: https://github.com/kubernetes/release/tree/master/cmd/krel/templates/latest
cat > /etc/systemd/system/kubelet.service <<'END'
[Unit]
Description=kubelet: The Kubernetes Node Agent
Wants=network-online.target
After=network-online.target
[Service]
ExecStart=/usr/local/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10
[Install]
WantedBy=multi-user.target
END
cat > /etc/systemd/system/kubelet.service.d/10-kubeadm.conf <<'END'
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/local/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
END
printf 'runtime-endpoint: unix:///run/containerd/containerd.sock\n' > /etc/crictl.yaml
systemctl daemon-reload
systemctl enable --now --quiet containerd 2>&1
systemctl enable --quiet kubelet 2>&1
rm -rf "$work"
