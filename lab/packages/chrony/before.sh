# The user that Debian's chronyd becomes.
getent passwd _chrony > /dev/null || useradd --system --home-dir /var/lib/chrony --shell /sbin/nologin --user-group _chrony
