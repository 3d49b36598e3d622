/** kubectl as the administrator, on a control plane. It leaves nothing on the host: before 1.19 it keeps what it discovered below HOME, whatever --cache-dir says. */
export const KUBECTL = 'HOME=/proc/none kubectl --cache-dir=/dev/null/none --kubeconfig=/etc/kubernetes/admin.conf';
