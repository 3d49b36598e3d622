/**
 * For hosts that have the machine's kernel: `uname` says what a boot loader would have chosen (the newest image, or the former one
 * while /etc/stubborn is there), and /var/log/boots when the host went down and came up. The restart itself is real.
 */
export const PLAYED_BOOT = `cat >/usr/local/sbin/uname <<'UNAME'
#!/bin/sh
real=$(/usr/bin/uname -r)
said=$(/usr/bin/uname "$@")
if [ -s /run/booted-kernel ]; then printf '%s\\n' "$said" | sed "s/$real/$(cat /run/booted-kernel)/"; else printf '%s\\n' "$said"; fi
UNAME
chmod 755 /usr/local/sbin/uname
cat >/etc/systemd/system/boots.service <<'UNIT'
[Unit]
DefaultDependencies=no
Conflicts=shutdown.target
Before=shutdown.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'date "+up %%s%%N" >>/var/log/boots; [ -e /etc/stubborn ] || ls /boot | sed -n "s/^vmlinuz-//p" | sort -V | tail -n 1 >/run/booted-kernel'
ExecStop=/bin/sh -c 'date "+down %%s%%N" >>/var/log/boots'
[Install]
WantedBy=sysinit.target
UNIT
systemctl daemon-reload
systemctl enable --quiet --now boots.service`;
