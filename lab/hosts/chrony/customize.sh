#!/bin/sh
# chrony as CentOS has it: chronyd.service and /etc/chrony.conf instead of chrony.service and /etc/chrony.
set -eu
root=$1

systemctl --root="$root" disable chrony.service
rm -rf "$root"/lib/systemd/system/chrony*.service.d "$root"/lib/systemd/system/chrony.service "$root"/lib/systemd/system/chrony-dnssrv@* \
  "$root/etc/chrony" "$root/etc/default/chrony" "$root/etc/systemd/system/chronyd.service"
systemctl --root="$root" enable chronyd.service
