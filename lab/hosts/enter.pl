#!/usr/bin/perl
# Runs a command in the namespaces of a process, but for its user's, and ends as the command ends.
#   perl enter.pl PID COMMAND [WORD …]
# nsenter(1) stops itself when the command is stopped, and a host that shuts down stops all it has before it ends them: that
# nsenter would wait for a host that cannot go before it.
use strict;
use warnings;
use POSIX ();

my ($pid, @command) = @ARGV;
my $setns = { x86_64 => 308, aarch64 => 268 }->{ (POSIX::uname())[4] } or die "enter: unknown processor\n"; # <asm/unistd.h>
my @namespaces = map {
    open(my $namespace, '<', "/proc/$pid/ns/$_") or die "enter: process $pid has no namespace $_: $!\n";
    $namespace;
} qw(cgroup ipc uts net pid mnt);
for my $namespace (@namespaces) {
    syscall($setns, fileno($namespace), 0) == 0 or die "enter: setns: $!\n";
    close $namespace;
}
# A namespace of processes takes in children only.
defined(my $child = fork) or die "enter: fork: $!\n";
if ($child == 0) { exec { $command[0] } @command or die "enter: $command[0]: $!\n"; }
waitpid $child, 0;
exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
