# systemd sees the units that have come. None is started: an Enterprise Linux leaves that to its administrator.
! [ -d /run/systemd/system ] || systemctl daemon-reload
