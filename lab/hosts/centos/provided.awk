# Reads lines of `name [epoch:]version-release arch [provided,provided …]` and writes one spec file in which each line
# is an empty package: what the practice host's root brings, entered into the rpm database under CentOS's names.
BEGIN {
  print "Name: lab-root\nVersion: 1\nRelease: 1\nSummary: The root of a practice host\nLicense: Apache-2.0"
  print "AutoReqProv: no\n%global debug_package %{nil}\n%description\nNothing by itself."
}
/^#/ || NF == 0 { next }
{
  epoch = ""; version = $2
  if (version ~ /:/) { epoch = version; sub(/:.*/, "", epoch); sub(/^[^:]*:/, "", version) }
  release = version; sub(/^[^-]*-/, "", release); sub(/-.*/, "", version)
  printf "\n%%package -n %s\n", $1
  if (epoch != "") print "Epoch: " epoch
  print "Version: " version "\nRelease: " release "\nSummary: In the root of this practice host (Debian's files)"
  if ($3 == "noarch") print "BuildArch: noarch"
  count = split($4, provides, ","); for (i = 1; i <= count; i++) { sub(/=/, " = ", provides[i]); print "Provides: " provides[i] }
  print "%description -n " $1 "\nAn entry in the rpm database for what this practice host has from the beginning.\n%files -n " $1
}
